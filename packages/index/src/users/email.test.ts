import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEmail } from './email.ts';

test('parseEmail() trims and takes name@host', () => {
  assert.equal(parseEmail(' alice+hub@mail.example.org '), 'alice+hub@mail.example.org');
});

test('parseEmail() refuses slips of the pen', () => {
  for (const text of [
    'alice',
    'alice@',
    '@host.org',
    'a@b',
    'a b@host.org',
    'a@b@c.org',
    '<a@b.org>',
    `${'a'.repeat(300)}@b.org`,
  ]) {
    assert.throws(() => parseEmail(text), { code: 'EMAIL_INVALID', detail: { field: 'email' } }, text);
  }
});
