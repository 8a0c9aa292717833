import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { test } from 'node:test';
import { hasCode, toPlainError } from '@berth/errors';
import { LINUX_ERRORS, LinuxError } from './index.ts';

test('the numbers are those of this kernel', () => {
  const known: Readonly<Record<string, number>> = constants.errno;
  for (const [code, entry] of Object.entries(LINUX_ERRORS)) {
    if (!('errno' in entry) || code === 'EUCLEAN' || code === 'EUSERS') continue;
    assert.equal(entry.errno, known[code], code);
  }
});

test('an error without a name here keeps its number', () => {
  const error = new LinuxError('Cannot do it', { errno: 133, syscall: 'foo' });
  assert.ok(hasCode(error));
  assert.deepEqual(
    [error.code, error.class, error.errno, error.syscall, error.message],
    ['ERRNO_OTHER', 'internal', 133, 'foo', 'Cannot do it: error 133 (ERRNO_OTHER)'],
  );
  assert.deepEqual(toPlainError(error).detail, { errno: 133, syscall: 'foo' });
});

test('the README tells of every error code, and of no other', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const table = readme.slice(readme.search(/^\| code +\| when/m));
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  const told = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([A-Z0-9_]+)`/g)].map(([, code]) => code),
  );
  assert.deepEqual(told.sort(), Object.keys(LINUX_ERRORS).sort());
});
