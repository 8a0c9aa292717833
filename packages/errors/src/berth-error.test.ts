import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError, type ErrorTable, fromPlainError, hasCode, toPlainError } from './index.ts';

const TABLE = {
  DISK_FULL: { class: 'resourceExhausted', description: 'No room' },
} as const satisfies ErrorTable;

class SampleError extends BerthError<keyof typeof TABLE> {}

test('BerthError carries code, class, hint, detail and cause', () => {
  const cause = new Error('ENOSPC');
  const error = new SampleError(TABLE, 'DISK_FULL', 'Cannot write "a"', {
    hint: 'Free some',
    detail: { path: 'a' },
    cause,
  });
  assert.equal(error.name, 'SampleError');
  assert.equal(error.class, 'resourceExhausted');
  assert.equal(error.hint, 'Free some');
  assert.deepEqual(error.detail, { path: 'a' });
  assert.equal(error.cause, cause);
});

test('BerthError takes credentials out of its message', () => {
  const error = new SampleError(
    TABLE,
    'DISK_FULL',
    'GET https://bob:secret@host/v2/ with Bearer abcdefghijkl failed',
  );
  assert.equal(error.message, 'GET https://***@host/v2/ with Bearer *** failed');
});

test('toPlainError() survives structured clone, fromPlainError() makes an Error again', () => {
  const error = new SampleError(TABLE, 'DISK_FULL', 'Cannot write "a"', {
    hint: 'Free some',
    detail: { free: 0 },
  });
  const back = fromPlainError(structuredClone(toPlainError(error)));
  assert.ok(back instanceof Error);
  assert.ok(hasCode(back));
  assert.deepEqual(
    [back.code, back.class, back.message, back.hint, back.detail],
    ['DISK_FULL', 'resourceExhausted', 'Cannot write "a"', 'Free some', { free: 0 }],
  );
});

test('toPlainError() of strangers is internal, of an abort cancelled', () => {
  assert.deepEqual(toPlainError(new TypeError('x')), { code: 'INTERNAL', class: 'internal', message: 'x' });
  assert.equal(toPlainError('x').code, 'INTERNAL');
  assert.equal(toPlainError(AbortSignal.abort().reason).class, 'cancelled');
  assert.equal(toPlainError(Object.assign(new Error('no'), { code: 'ENOENT' })).class, 'internal');
});
