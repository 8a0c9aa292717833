import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { REGISTRY_ERRORS, type RegistryErrorCode } from './errors.ts';
import { httpStatus } from './http/status.ts';

test('every error code is in the README with its status, and no other', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const documented = new Map(
    [...readme.matchAll(/^\|\s*`([A-Z_]+)`\s*\|\s*(\d{3})\s*\|/gm)].map(([, code, status]) => [code, status]),
  );
  const actual = new Map(
    Object.entries(REGISTRY_ERRORS).map(([code, entry]) => [
      code,
      String(httpStatus({ code: code as RegistryErrorCode, class: entry.class })),
    ]),
  );
  assert.deepEqual(documented, actual);
});
