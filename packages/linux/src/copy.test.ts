import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { allocateSpace, cloneFile, copyRange, dataRanges, mountFileSystem, punchHole } from './index.ts';
import { mountMemory, scratchFolder, skipUnlessRoot } from './scratch.fixture.ts';

function openNew(t: TestContext, path: string): number {
  const fd = openSync(path, 'w+');
  t.after(() => closeSync(fd));
  return fd;
}

test('cloneFile() makes nothing and says false where the file system cannot', (t) => {
  if (skipUnlessRoot(t, 'it mounts')) return;
  const folder = scratchFolder(t);
  mountMemoryFolder(folder);
  writeFileSync(join(folder, 'm/a'), 'text');
  assert.equal(cloneFile(join(folder, 'm/a'), join(folder, 'm/b')), false);
  assert.equal(existsSync(join(folder, 'm/b')), false);
  assert.throws(() => cloneFile(join(folder, 'm/nowhere'), join(folder, 'm/b')), { code: 'ENOENT' });
  assert.throws(() => cloneFile(join(folder, 'm/a'), join(folder, 'm/a')), { code: 'EEXIST' });
  assert.equal(readFileSync(join(folder, 'm/a'), 'utf8'), 'text');
});

test('cloneFile() shares blocks on btrfs until one is written to', (t) => {
  if (skipUnlessRoot(t, 'it mounts')) return;
  const folder = scratchFolder(t);
  const image = join(folder, 'image');
  writeFileSync(image, '');
  spawnSync('truncate', ['-s', '128M', image]);
  const made = spawnSync('mkfs.btrfs', ['-q', image]);
  if (made.status !== 0) return t.skip('mkfs.btrfs (btrfs-progs) is not installed');
  const loop = String(spawnSync('losetup', ['--find', '--show', image]).stdout).trim();
  t.after(() => spawnSync('losetup', ['--detach', loop]));
  mkdirSync(join(folder, 'm'));
  mountFileSystem(join(folder, 'm'), { type: 'btrfs', source: loop });
  writeFileSync(join(folder, 'm/a'), 'x'.repeat(1 << 20));
  assert.equal(cloneFile(join(folder, 'm/a'), join(folder, 'm/b'), { mode: 0o640 }), true);
  assert.equal(statSync(join(folder, 'm/b')).mode & 0o777, 0o640);
  writeFileSync(join(folder, 'm/a'), 'changed');
  assert.equal(readFileSync(join(folder, 'm/b'), 'utf8'), 'x'.repeat(1 << 20));
});

test('copyRange() copies from where the files stand, moves them on, and stops at the end', (t) => {
  const folder = scratchFolder(t);
  const from = openNew(t, join(folder, 'from'));
  writeSync(from, 'abcdefghij');
  const source = openSync(join(folder, 'from'), 'r');
  t.after(() => closeSync(source));
  const to = openNew(t, join(folder, 'to'));
  writeSync(to, '--');
  assert.equal(copyRange(source, to, 4), 4);
  assert.equal(copyRange(source, to, 100), 6);
  assert.equal(copyRange(source, to, 100), 0);
  assert.equal(readFileSync(join(folder, 'to'), 'utf8'), '--abcdefghij');
  assert.throws(() => copyRange(source, source, 1), { code: 'EBADF' });
});

test('dataRanges() finds what is stored, punchHole() gives it back', (t) => {
  const folder = scratchFolder(t);
  const fd = openNew(t, join(folder, 'sparse'));
  const size = 1 << 20;
  ftruncateSync(fd, size);
  assert.deepEqual(dataRanges(fd, size), []);
  writeSync(fd, Buffer.alloc(65536, 1), 0, 65536, 131072);
  writeSync(fd, Buffer.alloc(65536, 2), 0, 65536, 524288);
  assert.deepEqual(dataRanges(fd, size), [
    { offset: 131072, length: 65536 },
    { offset: 524288, length: 65536 },
  ]);
  punchHole(fd, { offset: 131072, length: 65536 });
  assert.deepEqual(dataRanges(fd, size), [{ offset: 524288, length: 65536 }]);
  assert.equal(readFileSync(join(folder, 'sparse'))[131072], 0);
  assert.equal(statSync(join(folder, 'sparse')).size, size);
});

test('allocateSpace() takes the blocks now, or says that there are none', (t) => {
  const folder = scratchFolder(t);
  if (skipUnlessRoot(t, 'it mounts a tmpfs')) return;
  mkdirSync(join(folder, 'small'));
  mountFileSystem(join(folder, 'small'), { type: 'tmpfs', data: 'size=1m' });
  const fd = openNew(t, join(folder, 'small/file'));
  allocateSpace(fd, { offset: 0, length: 1 << 19 });
  const { blocks, size } = statSync(join(folder, 'small/file'));
  assert.deepEqual([blocks, size], [1 << 10, 1 << 19]);
  assert.throws(() => allocateSpace(fd, { offset: 0, length: 1 << 22 }), { code: 'ENOSPC' });
});

test('dataRanges() of a full and of an empty file', (t) => {
  const folder = scratchFolder(t);
  const fd = openNew(t, join(folder, 'full'));
  assert.deepEqual(dataRanges(fd, 0), []);
  writeSync(fd, 'x'.repeat(100));
  assert.deepEqual(dataRanges(fd, 100), [{ offset: 0, length: 100 }]);
  // What was appended since is not asked for.
  assert.deepEqual(dataRanges(fd, 50), [{ offset: 0, length: 50 }]);
});

function mountMemoryFolder(folder: string): void {
  mkdirSync(join(folder, 'm'));
  mountMemory(join(folder, 'm'));
}
