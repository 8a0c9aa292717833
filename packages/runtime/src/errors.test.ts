import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { RUNTIME_ERRORS } from './index.ts';

test('the README tells of every error code, and of no other', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const table = readme.slice(readme.search(/^\| code +\| when/m));
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  const told = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code),
  );
  assert.deepEqual(told.sort(), Object.keys(RUNTIME_ERRORS).sort());
});
