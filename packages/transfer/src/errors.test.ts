import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TRANSFER_ERRORS, TransferError, type TransferErrorCode } from './errors.ts';

test('every code has a class and words, and makes an error', () => {
  for (const [code, { class: meaning, description }] of Object.entries(TRANSFER_ERRORS)) {
    const error = new TransferError(code as TransferErrorCode, 'Cannot "x"');
    assert.equal(error.class, meaning);
    assert.match(description, /^[A-Z].*[^.]$/);
  }
});
