import assert from 'node:assert/strict';
import { closeSync, constants, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bindMount, isMountPoint, isMountRoot, readMounts } from './index.ts';
import { parseMountLine } from './mount-info.ts';
import { withoutMountAttribute } from './old-kernel.fixture.ts';
import { mountMemory, scratchFolder, skipUnlessRoot } from './scratch.fixture.ts';

test('parseMountLine() reads every field, escapes and optional fields too', () => {
  const line =
    '36 35 98:0 /mnt1\\040a /m\\011nt2\\134 rw,noatime master:1 shared:7 - ext3 /dev/\\043root rw,errors=continue';
  assert.deepEqual(parseMountLine(line), {
    id: 36,
    parentId: 35,
    major: 98,
    minor: 0,
    root: '/mnt1 a',
    mountPoint: '/m\tnt2\\',
    options: ['rw', 'noatime'],
    propagation: ['master:1', 'shared:7'],
    fsType: 'ext3',
    source: '/dev/#root',
    superOptions: ['rw', 'errors=continue'],
  });
});

test('parseMountLine() reads a line without optional fields, and names that are no UTF-8', () => {
  const line = Buffer.from('1 0 0:5 / /caf\xe9 ro - tmpfs - rw', 'latin1').toString('latin1');
  const { mountPoint, propagation, fsType, source } = parseMountLine(line);
  assert.deepEqual([mountPoint, propagation, fsType, source], ['/caf\udce9', [], 'tmpfs', '-']);
});

test('readMounts() has the root, of this process and of another', () => {
  for (const mounts of [readMounts(), readMounts({ pid: process.pid })]) {
    assert.ok(mounts.some(({ mountPoint }) => mountPoint === '/proc'));
    assert.ok(mounts.every(({ id, fsType }) => Number.isInteger(id) && fsType !== ''));
  }
  assert.throws(() => readMounts({ pid: 2 ** 30 }), { code: 'ENOENT' });
});

test('isMountPoint() tells a mount from a folder in it, a link to it and nothing', () => {
  assert.equal(isMountPoint('/proc'), true);
  assert.equal(isMountPoint('/proc/sys/kernel'), false);
  assert.equal(isMountPoint('/nowhere/at/all'), false);
  assert.equal(isMountPoint('/proc/version/below-a-file'), false);
});

test('isMountPoint() sees a bind of the same file system, and a file that is one', (t) => {
  if (skipUnlessRoot(t, 'it mounts')) return;
  const base = scratchFolder(t);
  mkdirSync(join(base, 'a'));
  mountMemory(join(base, 'a'));
  symlinkSync(join(base, 'a'), join(base, 'link'));
  writeFileSync(join(base, 'file'), '');
  assert.equal(isMountPoint(join(base, 'a')), true);
  assert.equal(isMountPoint(join(base, 'link')), false);
  assert.equal(isMountPoint(join(base, 'file')), false);
});

test('isMountRoot() tells the top of a mount from what lies in it', (t) => {
  if (skipUnlessRoot(t, 'it mounts')) return;
  const base = scratchFolder(t);
  for (const name of ['memory', 'plain/inner', 'bind']) mkdirSync(join(base, name), { recursive: true });
  mountMemory(join(base, 'memory'));
  mkdirSync(join(base, 'memory/folder'));
  bindMount(join(base, 'plain'), join(base, 'bind'));
  const look = () =>
    Object.fromEntries(
      ['memory', 'memory/folder', 'plain', 'bind', 'bind/inner'].map((name) => [
        name,
        isRoot(join(base, name)),
      ]),
    );
  const expected = { memory: true, 'memory/folder': false, plain: false, bind: true, 'bind/inner': false };
  assert.deepEqual(look(), expected);
  withoutMountAttribute(t);
  assert.deepEqual(look(), expected);
});

function isRoot(path: string): boolean {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return isMountRoot(fd);
  } finally {
    closeSync(fd);
  }
}
