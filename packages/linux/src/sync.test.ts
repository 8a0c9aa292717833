import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HeldFileSystem, makeNode, startWriteBack, syncFileSystem, syncFileSystemAsync } from './index.ts';
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

test('HeldFileSystem syncs as often as asked, until it is disposed of', async (t) => {
  const before = readdirSync('/proc/self/fd').length;
  const held = HeldFileSystem.open(scratchFolder(t));
  await held.sync();
  await held.sync();
  held[Symbol.dispose]();
  held[Symbol.dispose]();
  assert.equal(readdirSync('/proc/self/fd').length, before);
  await assert.rejects(held.sync(), /held no more/);
});

test('startWriteBack() is a hint: it changes nothing, and takes what cannot be written back', (t) => {
  const path = join(scratchFolder(t), 'file');
  writeFileSync(path, 'x'.repeat(10_000));
  const fd = openSync(path, 'r+');
  startWriteBack(fd, { offset: 0, length: 10_000 });
  startWriteBack(fd, { offset: 8192, length: 1_000_000 });
  closeSync(fd);
  startWriteBack(fd, { offset: 0, length: 1 });
  assert.equal(readFileSync(path, 'latin1'), 'x'.repeat(10_000));
});
