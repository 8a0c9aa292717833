import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { OCI_ERRORS } from './errors.ts';

test('every code of the table is thrown somewhere', async () => {
  const files = (await readdir(import.meta.dirname, { recursive: true })).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'errors.ts',
  );
  const sources = await Promise.all(files.map((file) => readFile(`${import.meta.dirname}/${file}`, 'utf8')));
  const text = sources.join('\n');
  for (const code of Object.keys(OCI_ERRORS)) assert.match(text, new RegExp(`'${code}'`), code);
});
