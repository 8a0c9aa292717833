import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { INDEX_ERRORS } from './errors.ts';

test('every code of the table is thrown somewhere, and stands in the README', async () => {
  const files = (await readdir(import.meta.dirname, { recursive: true })).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'errors.ts',
  );
  const sources = await Promise.all(files.map((file) => readFile(join(import.meta.dirname, file), 'utf8')));
  const source = sources.join('\n');
  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8');
  for (const code of Object.keys(INDEX_ERRORS)) {
    assert.match(source, new RegExp(`'${code}'`), code);
    assert.match(readme, new RegExp(`\`${code}\``), code);
  }
});
