import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, chown, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from './notes.fixture.ts';

const CHILD = fileURLToPath(new URL('./rights.child.ts', import.meta.url));
const NOBODY = 65_534;

test('a database that root has opened for another user works on when root is given up', async (context) => {
  if (process.getuid?.() !== 0) return context.skip('needs root: it gives root up');
  const folder = await temporaryFolder(context);
  const path = join(folder, 'notes.db');
  // What the caller prepares: the folder and an empty file of the user who is left.
  await chmod(folder, 0o700);
  await writeFile(path, '', { mode: 0o600 });
  await chown(path, NOBODY, NOBODY);
  await chown(folder, NOBODY, NOBODY);
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, path, String(NOBODY)]);
  assert.deepEqual(JSON.parse(stdout), { problems: [], notes: 60, uid: NOBODY });
  assert.deepEqual(await readdir(folder), ['notes.db']);
  assert.equal((await stat(path)).uid, NOBODY);
});
