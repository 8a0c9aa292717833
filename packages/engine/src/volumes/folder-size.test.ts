import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { link, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderSize } from './folder-size.ts';

async function temporary(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'berth-size-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  return root;
}

test('folderSize() counts files once, follows nothing, and stops when asked to', async (t) => {
  const root = await temporary(t);
  await mkdir(join(root, 'a/b'), { recursive: true });
  await writeFile(join(root, 'a/one'), 'x'.repeat(1000));
  await link(join(root, 'a/one'), join(root, 'a/b/same'));
  await writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe])]), 'x'.repeat(30));
  await symlink('/etc', join(root, 'a/etc'));
  await writeFile(join(root, 'large'), '');
  await truncate(join(root, 'large'), 5_000);
  assert.equal(await folderSize(root), 6_030 + '/etc'.length);
  assert.equal(await folderSize(join(root, 'nothing')), undefined);
  assert.equal(await folderSize(join(root, 'a/etc')), undefined);
  await assert.rejects(folderSize(root, { signal: AbortSignal.abort() }), { name: 'AbortError' });
});

test('folderSize() leaves no file open, however deep the tree', async (t) => {
  const root = await temporary(t);
  let at = root;
  for (let depth = 0; depth < 420; depth += 1) {
    at = join(at, 'd');
    await mkdir(at);
    await writeFile(join(at, 'f'), 'x');
  }
  const open = readdirSync('/proc/self/fd').length;
  for (let round = 0; round < 5; round += 1) assert.equal(await folderSize(root), 400);
  assert.equal(readdirSync('/proc/self/fd').length, open);
});
