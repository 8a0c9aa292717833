import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deviceMajorMinor, makeNode, nativePath, preciseStat, setImmutable, setTimes } from './index.ts';
import { scratchFolder, skipUnlessRoot } from './scratch.fixture.ts';

test('setTimes() sets nanoseconds, before 1970 and far ahead too', (t) => {
  const path = join(scratchFolder(t), 'file');
  writeFileSync(path, '');
  for (const mtime of [
    0n,
    1n,
    -1n,
    -1_000_000_001n,
    1_234_567_890_123_456_789n,
    4_102_444_800_999_999_999n,
  ]) {
    setTimes(path, { atime: mtime + 7n, mtime });
    const { atimeNs, mtimeNs } = preciseStat(path);
    assert.deepEqual([mtimeNs, atimeNs], [mtime, mtime + 7n]);
  }
});

test('setTimes() without atime leaves that one', (t) => {
  const path = join(scratchFolder(t), 'file');
  writeFileSync(path, '');
  setTimes(path, { atime: 5n, mtime: 5n });
  setTimes(path, { mtime: 9n });
  const { atimeNs, mtimeNs } = preciseStat(path);
  assert.deepEqual([atimeNs, mtimeNs], [5n, 9n]);
});

test('setTimes() sets those of an open file, and says which descriptor is none', (t) => {
  const path = join(scratchFolder(t), 'file');
  const fd = openSync(path, 'w');
  setTimes(fd, { atime: 7n, mtime: -3n });
  const { atimeNs, mtimeNs } = preciseStat(path);
  assert.deepEqual([mtimeNs, atimeNs], [-3n, 7n]);
  closeSync(fd);
  assert.throws(() => setTimes(fd, { mtime: 1n }), {
    code: 'EBADF',
    message: `Cannot set times of descriptor ${fd}: bad file descriptor (EBADF)`,
  });
});

test('setTimes() sets those of a symbolic link and not of its target', (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'file'), '');
  symlinkSync('file', join(folder, 'link'));
  setTimes(join(folder, 'file'), { mtime: 1n });
  setTimes(join(folder, 'link'), { mtime: 2n });
  assert.equal(preciseStat(join(folder, 'file')).mtimeNs, 1n);
  assert.equal(preciseStat(join(folder, 'link')).mtimeNs, 2n);
});

test('a name that is no UTF-8 is reached byte for byte', (t) => {
  const path = join(scratchFolder(t), 'caf\udce9-\udcff');
  writeFileSync(nativePath(path), '');
  setTimes(path, { mtime: 3n });
  assert.equal(preciseStat(path).mtimeNs, 3n);
  const odd = Buffer.concat([Buffer.from(path.slice(0, -6)), Buffer.from('caf\xe9-\xff', 'latin1')]);
  assert.equal(lstatSync(odd, { bigint: true }).mtimeNs, 3n);
});

test('a NUL in a path is refused and cuts nothing off', (t) => {
  const path = join(scratchFolder(t), 'file');
  writeFileSync(path, '');
  setTimes(path, { mtime: 1n });
  assert.throws(() => setTimes(`${path}\0x`, { mtime: 2n }), { code: 'EINVAL', message: /NUL/ });
  assert.equal(preciseStat(path).mtimeNs, 1n);
});

test('errors carry the name, class, number and call, and show the path on one line', () => {
  assert.throws(() => setTimes('/nowhere/\n"x', { mtime: 0n }), {
    code: 'ENOENT',
    class: 'notFound',
    errno: 2,
    syscall: 'utimensat',
    message: 'Cannot set times of "/nowhere/\\x0a\\"x": no such file or folder (ENOENT)',
    detail: { errno: 2, syscall: 'utimensat' },
  });
});

test('makeNode() makes devices of any number and FIFOs, with that mode whatever the umask', (t) => {
  if (skipUnlessRoot(t, 'it makes devices')) return;
  const folder = scratchFolder(t);
  const cases = [
    { type: 'char', mode: 0o666, major: 0, minor: 0 },
    { type: 'char', mode: 0, major: 0, minor: 0 },
    { type: 'char', mode: 0o4777, major: 259, minor: 70_000 },
    { type: 'block', mode: 0o660, major: 0xfff, minor: 0xfffff },
    { type: 'fifo', mode: 0o622 },
  ] as const;
  for (const [index, options] of cases.entries()) {
    const path = join(folder, String(index));
    makeNode(path, options);
    const { kind, mode, major, minor } = preciseStat(path);
    const expected = { major: 0, minor: 0, ...options };
    assert.deepEqual({ type: kind, mode, major, minor }, expected);
  }
  assert.throws(() => makeNode(join(folder, '0'), { type: 'fifo', mode: 0 }), {
    code: 'EEXIST',
    class: 'conflict',
  });
  const tooLarge = { type: 'char', mode: 0, major: 0x1000, minor: 0 } as const;
  assert.throws(() => makeNode(join(folder, 'x'), tooLarge), { code: 'EINVAL', message: /4096:0/ });
});

test('preciseStat() tells what lstat tells', (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'file'), 'x'.repeat(5000), { mode: 0o640 });
  mkdirSync(join(folder, 'sub'));
  symlinkSync('file', join(folder, 'link'));
  const kinds = ['file', 'sub', 'link'].map((name) => preciseStat(join(folder, name)).kind);
  assert.deepEqual(kinds, ['file', 'directory', 'symlink']);
  const precise = preciseStat(join(folder, 'file'));
  const stat = statSync(join(folder, 'file'), { bigint: true });
  assert.deepEqual(
    [
      precise.size,
      precise.ino,
      precise.dev,
      precise.mode & 0o700,
      precise.uid,
      precise.nlink,
      precise.blocks,
    ],
    [5000, stat.ino, stat.dev, 0o600, process.getuid?.(), 1, Number(stat.blocks)],
  );
  assert.throws(() => preciseStat(join(folder, 'nowhere')), { code: 'ENOENT' });
});

test('deviceMajorMinor() agrees with the C library', () => {
  const device = statSync('/dev/null', { bigint: true });
  assert.deepEqual(deviceMajorMinor(device.rdev), { major: 1, minor: 3 });
  // makedev(0x12345, 0x6789ab)
  assert.deepEqual(deviceMajorMinor(0x12006789345abn), { major: 0x12345, minor: 0x6789ab });
});

test('setImmutable() keeps even root from changing a file, and takes append-only away too', (t) => {
  if (skipUnlessRoot(t, 'it sets the immutable flag')) return;
  const path = join(scratchFolder(t), 'file');
  writeFileSync(path, 'x');
  try {
    setImmutable(path, true);
  } catch (error) {
    const { code } = error as { code: string };
    if (code !== 'ENOTTY' && code !== 'EOPNOTSUPP') throw error;
    return t.skip(`the temporary folder is on a file system without such flags (${code})`);
  }
  assert.throws(() => writeFileSync(path, 'y'), { code: 'EPERM' });
  assert.throws(() => unlinkSync(path), { code: 'EPERM' });
  setImmutable(path, false);
  execFileSync('chattr', ['+a', path]);
  assert.throws(() => unlinkSync(path), { code: 'EPERM' });
  setImmutable(path, false);
  unlinkSync(path);
});

test('setImmutable() of a file system without such flags: off is nothing, on is refused', () => {
  setImmutable('/proc/version', false);
  assert.throws(() => setImmutable('/proc/version', true), { code: 'ENOTTY' });
});

test('setImmutable() opens no FIFO and no device', (t) => {
  const path = join(scratchFolder(t), 'fifo');
  makeNode(path, { type: 'fifo', mode: 0o600 });
  assert.throws(() => setImmutable(path, false), { code: 'EINVAL', message: /fifo.*no file/ });
  symlinkSync('fifo', `${path}-link`);
  assert.throws(() => setImmutable(`${path}-link`, false), { code: 'ELOOP' });
});
