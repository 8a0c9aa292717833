import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TransferError } from '@berth/transfer';
import { EngineError } from '../../errors.ts';
import { toFailure } from './status.ts';

describe('toFailure()', () => {
  it('gives each class the status that clients expect', () => {
    for (const [code, status] of [
      ['REQUEST_INVALID', 400],
      ['CONTAINER_UNKNOWN', 404],
      ['NAME_TAKEN', 409],
      ['CALLER_REFUSED', 403],
      ['NOT_IMPLEMENTED', 501],
      ['NOT_A_SWARM', 503],
      ['START_FAILED', 500],
    ] as const) {
      assert.equal(toFailure(new EngineError(code, 'x')).status, status, code);
    }
    assert.equal(toFailure(new TransferError('UNAUTHENTICATED', 'x')).status, 401);
    assert.equal(toFailure(new Error('x')).status, 500);
    assert.equal(toFailure('x').status, 500);
  });

  it("puts the next step behind the sentence, but not behind Docker's own", () => {
    const unknown = new EngineError('IMAGE_UNKNOWN', 'No such image: x', { hint: 'Fetch it' });
    assert.equal(toFailure(unknown).message, 'No such image: x');
    const missing = new EngineError('NOT_IMPLEMENTED', 'x is not supported', { hint: 'use y' });
    assert.equal(toFailure(missing).message, 'x is not supported: use y');
    const away = new TransferError('UNAUTHENTICATED', 'Cannot sign in', { hint: 'Check the name' });
    assert.equal(toFailure(away).message, 'Cannot sign in: Check the name');
  });

  it('calls a fault only what nobody foresaw, however it is wrapped', () => {
    const taken = new EngineError('NAME_TAKEN', 'x');
    assert.equal(toFailure(taken).isFault, false);
    assert.equal(toFailure(new EngineError('START_FAILED', 'x', { cause: taken })).isFault, false);
    assert.equal(
      toFailure(new EngineError('START_FAILED', 'x', { cause: new TypeError('bug') })).isFault,
      true,
    );
    assert.equal(toFailure(new TypeError('bug')).isFault, true);
    assert.equal(toFailure(new DOMException('x', 'AbortError')).isFault, false);
  });
});
