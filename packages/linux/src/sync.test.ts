import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeNode, syncFileSystem, syncFileSystemAsync } from './index.ts';
import { scratchFolder } from './scratch.fixture.ts';

test('syncFileSystem() and syncFileSystemAsync() take a folder or a file, and keep nothing open', async (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'file'), 'x');
  makeNode(join(folder, 'fifo'), { type: 'fifo', mode: 0o600 });
  syncFileSystem(folder);
  await syncFileSystemAsync(folder);
  const before = readdirSync('/proc/self/fd').length;
  for (const path of [folder, join(folder, 'file'), join(folder, 'fifo')]) {
    syncFileSystem(path);
    await syncFileSystemAsync(path);
  }
  assert.equal(readdirSync('/proc/self/fd').length, before);
});

test('both name what is not there', async () => {
  const expected = { code: 'ENOENT', message: /Cannot sync the file system of "\/nowhere"/ };
  assert.throws(() => syncFileSystem('/nowhere'), expected);
  await assert.rejects(syncFileSystemAsync('/nowhere'), expected);
});
