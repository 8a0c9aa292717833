import assert from 'node:assert/strict';
import { link, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { folderSize } from './folder-size.ts';

it('folderSize() counts files once, follows nothing, and stops when asked to', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'berth-size-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, 'a/b'), { recursive: true });
  await writeFile(join(root, 'a/one'), 'x'.repeat(1000));
  await link(join(root, 'a/one'), join(root, 'a/b/same'));
  await symlink('/etc', join(root, 'a/etc'));
  await symlink(join(root, 'a/one'), join(root, 'a/again'));
  await writeFile(join(root, 'large'), '');
  await truncate(join(root, 'large'), 5_000);
  assert.equal(await folderSize(root), 6_000);
  assert.equal(await folderSize(join(root, 'nothing')), -1);
  await assert.rejects(folderSize(root, { signal: AbortSignal.abort() }), { name: 'AbortError' });
});
