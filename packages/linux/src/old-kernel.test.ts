import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bindMount, createOverlay, isMountPoint, mountOverlay, readMounts, remount } from './index.ts';
import { libc } from './libc.ts';
import { withoutCalls, withoutMountAttribute } from './old-kernel.fixture.ts';
import { scratchFolder, skipUnlessRoot } from './scratch.fixture.ts';

function scratch(t: TestContext): { a: string; b: string; target: string } | undefined {
  if (skipUnlessRoot(t, 'it mounts')) return undefined;
  const folder = scratchFolder(t);
  for (const name of ['a', 'b', 'target']) mkdirSync(join(folder, name));
  return { a: join(folder, 'a'), b: join(folder, 'b'), target: join(folder, 'target') };
}

function optionsOf(path: string): readonly string[] {
  return [...(readMounts().findLast(({ mountPoint }) => mountPoint === path)?.options ?? [])].sort();
}

for (const [kernel, calls] of [
  ['before 5.2, without open_tree', ['openTree', 'mountSetattr']],
  ['before 5.12, without mount_setattr', ['mountSetattr']],
] as const) {
  test(`bindMount() and remount() on a kernel ${kernel}`, (t) => {
    const at = scratch(t);
    if (at === undefined) return;
    withoutCalls(t, ...calls);
    bindMount(at.a, at.target, { readonly: true, nosuid: true, propagation: 'shared' });
    assert.deepEqual(optionsOf(at.target), ['nosuid', 'relatime', 'ro']);
    assert.equal(readMounts().findLast(({ mountPoint }) => mountPoint === at.target)?.propagation.length, 1);
    assert.throws(() => writeFileSync(join(at.target, 'x'), ''), { code: 'EROFS' });
    remount(at.target, { readonly: false, nodev: true });
    assert.deepEqual(optionsOf(at.target), ['nodev', 'nosuid', 'relatime', 'rw']);
    assert.throws(() => remount(at.a, { readonly: true }), { code: 'EINVAL', message: /nothing is mounted/ });
    assert.throws(() => bindMount(join(at.a, 'x'), at.target), { code: 'ENOENT' });
  });
}

test('mountOverlay() without fsopen mounts the classic way', (t) => {
  const at = scratch(t);
  if (at === undefined) return;
  withoutCalls(t, 'fsopen');
  writeFileSync(join(at.a, 'file'), 'a');
  mountOverlay(at.target, { lowers: [at.a, at.b] });
  assert.deepEqual(readdirSync(at.target), ['file']);
  assert.throws(() => createOverlay({ lowers: [at.a, at.b] }), { code: 'ENOSYS', class: 'unsupported' });
});

test('mountOverlay() on a kernel that does not know lowerdir+ mounts the classic way, and asks once', (t) => {
  const at = scratch(t);
  if (at === undefined) return;
  const { fsconfig } = libc();
  // The kernel's own refusal of a key that it does not know.
  let asked = 0;
  libc().fsconfig = (number, fd, command, key, value, aux) => {
    asked += 1;
    const isNew = Buffer.from((key as Uint8Array | null) ?? []).toString() === 'lowerdir+\0';
    return fsconfig(number, fd, command, isNew ? Buffer.from('lowerdir-\0') : key, value, aux);
  };
  t.after(() => {
    libc().fsconfig = fsconfig;
  });
  writeFileSync(join(at.a, 'file'), 'a');
  mountOverlay(at.target, { lowers: [at.a, at.b] });
  assert.equal(readFileSync(join(at.target, 'file'), 'utf8'), 'a');
  assert.notEqual(asked, 0);
  asked = 0;
  mountOverlay(at.target, { lowers: [at.a, at.b] });
  assert.equal(asked, 0);
});

test('isMountPoint() on a kernel whose statx does not tell (before 5.8)', (t) => {
  withoutMountAttribute(t);
  assert.equal(isMountPoint('/proc'), true);
  assert.equal(isMountPoint('/proc/sys/kernel'), false);
});
