import assert from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  bindMount,
  isMountPoint,
  type MountInfo,
  mountFileSystem,
  readMounts,
  remount,
  setPropagation,
  unmount,
} from './index.ts';
import { mountMemory, scratchFolder, skipUnlessRoot } from './scratch.fixture.ts';

function twoFolders(t: TestContext): { source: string; target: string } | undefined {
  if (skipUnlessRoot(t, 'it mounts')) return undefined;
  const base = scratchFolder(t);
  for (const name of ['source', 'target']) mkdirSync(join(base, name));
  return { source: join(base, 'source'), target: join(base, 'target') };
}

function mountAt(path: string): MountInfo | undefined {
  return readMounts().findLast(({ mountPoint }) => mountPoint === path);
}

test('mountFileSystem() mounts with flags and data, unmount() takes it away', (t) => {
  const at = twoFolders(t);
  if (at === undefined) return;
  const flags = { nosuid: true, nodev: true, noexec: true, readonly: true };
  mountFileSystem(at.target, { type: 'tmpfs', source: 'my memory', flags, data: 'size=64k,mode=0700' });
  const mounted = mountAt(at.target);
  assert.equal(mounted?.source, 'my memory');
  assert.equal(mounted?.fsType, 'tmpfs');
  for (const option of ['ro', 'nosuid', 'nodev', 'noexec'])
    assert.ok(mounted?.options.includes(option), option);
  assert.ok(mounted?.superOptions.includes('size=64k'));
  unmount(at.target);
  assert.equal(isMountPoint(at.target), false);
});

test('mounting and unmounting fail with the name of the error, the path and the call', (t) => {
  const at = twoFolders(t);
  if (at === undefined) return;
  assert.throws(() => mountFileSystem(at.target, { type: 'nosuchfs' }), {
    code: 'ENODEV',
    class: 'unsupported',
    errno: 19,
    syscall: 'mount',
    message: `Cannot mount nosuchfs on "${at.target}": no such device or file system type (ENODEV)`,
  });
  assert.throws(() => unmount(at.target), { code: 'EINVAL' });
  assert.throws(() => unmount(join(at.target, 'nowhere')), { code: 'ENOENT', class: 'notFound' });
  assert.throws(() => bindMount(join(at.source, 'nowhere'), at.target), { code: 'ENOENT' });
  assert.throws(() => bindMount(at.source, join(at.target, 'nowhere')), { code: 'ENOENT' });
  assert.throws(() => remount(at.target, { readonly: true }), { code: 'EINVAL' });
  assert.throws(() => setPropagation(at.target, 'private'), { code: 'EINVAL' });
});

test('a busy mount gives EBUSY, and goes with detach', (t) => {
  const at = twoFolders(t);
  if (at === undefined) return;
  mountMemory(at.target);
  writeFileSync(join(at.target, 'open'), 'still here');
  const fd = openSync(join(at.target, 'open'), 'r');
  try {
    assert.throws(() => unmount(at.target), { code: 'EBUSY', class: 'failedPrecondition' });
    unmount(at.target, { detach: true });
    assert.equal(isMountPoint(at.target), false);
    assert.equal(readFileSync(fd, 'utf8'), 'still here');
  } finally {
    closeSync(fd);
  }
});

test('unmount() with noFollow does not follow a symbolic link', (t) => {
  const at = twoFolders(t);
  if (at === undefined) return;
  mountMemory(at.target);
  symlinkSync(at.target, `${at.target}-link`);
  assert.throws(() => unmount(`${at.target}-link`, { noFollow: true, detach: true }), { code: 'EINVAL' });
  assert.equal(isMountPoint(at.target), true);
  unmount(`${at.target}-link`);
  assert.equal(isMountPoint(at.target), false);
});

test('bindMount() shows a folder elsewhere; recursive and read-only also what is mounted below it', (t) => {
  const at = twoFolders(t);
  if (at === undefined) return;
  mkdirSync(join(at.source, 'sub'));
  mountMemory(join(at.source, 'sub'));
  writeFileSync(join(at.source, 'sub/deep'), '');
  bindMount(at.source, at.target);
  assert.deepEqual(readdirSync(join(at.target, 'sub')), []);
  writeFileSync(join(at.target, 'new'), '');
  assert.ok(readdirSync(at.source).includes('new'));
  unmount(at.target);

  bindMount(at.source, at.target, { recursive: true, readonly: true, nosuid: true, propagation: 'private' });
  assert.deepEqual(readdirSync(join(at.target, 'sub')), ['deep']);
  assert.throws(() => writeFileSync(join(at.target, 'x'), ''), { code: 'EROFS' });
  assert.throws(() => writeFileSync(join(at.target, 'sub/x'), ''), { code: 'EROFS' });
  assert.ok(mountAt(join(at.target, 'sub'))?.options.includes('nosuid'));
  assert.deepEqual(mountAt(at.target)?.propagation, []);
  // The source is as it was.
  writeFileSync(join(at.source, 'sub/y'), '');
});

test('bindMount() takes one file, and names that are no UTF-8', (t) => {
  const at = twoFolders(t);
  if (at === undefined) return;
  const odd = `${at.source}/caf\udce9`;
  writeFileSync(Buffer.concat([Buffer.from(`${at.source}/caf`), Buffer.from([0xe9])]), 'bytes');
  writeFileSync(join(at.target, 'file'), '');
  bindMount(odd, join(at.target, 'file'));
  assert.equal(readFileSync(join(at.target, 'file'), 'utf8'), 'bytes');
  assert.ok(mountAt(join(at.target, 'file'))?.root.endsWith('/source/caf\udce9'));
});

test('remount() changes what it is told and keeps the rest', (t) => {
  const at = twoFolders(t);
  if (at === undefined) return;
  bindMount(at.source, at.target, { nosuid: true, nodev: true });
  remount(at.target, { readonly: true });
  assert.throws(() => writeFileSync(join(at.target, 'x'), ''), { code: 'EROFS' });
  assert.deepEqual(new Set(mountAt(at.target)?.options.slice(0, 3)), new Set(['ro', 'nosuid', 'nodev']));
  remount(at.target, { readonly: false, noexec: true, nodev: false, noatime: true });
  const options = mountAt(at.target)?.options ?? [];
  assert.deepEqual([...options].sort(), ['noatime', 'noexec', 'nosuid', 'rw']);
});

test('setPropagation() makes a mount shared and private again, below too when recursive', (t) => {
  const at = twoFolders(t);
  if (at === undefined) return;
  mountMemory(at.target);
  mkdirSync(join(at.target, 'sub'));
  mountMemory(join(at.target, 'sub'));
  const tags = () => [at.target, join(at.target, 'sub')].map((path) => mountAt(path)?.propagation.length);
  setPropagation(at.target, 'private', { recursive: true });
  assert.deepEqual(tags(), [0, 0]);
  setPropagation(at.target, 'shared');
  assert.deepEqual(tags(), [1, 0]);
  setPropagation(at.target, 'shared', { recursive: true });
  assert.deepEqual(tags(), [1, 1]);
});
