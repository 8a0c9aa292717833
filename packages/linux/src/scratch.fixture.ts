import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { mountFileSystem, readMounts, unmount } from './index.ts';

/** Skips the test, by name, where this process is not root. */
export function skipUnlessRoot(t: TestContext, why: string): boolean {
  if (process.getuid?.() === 0) return false;
  t.skip(`needs root: ${why}`);
  return true;
}

/** Skips the test where this process may not make a user namespace: the kernel refuses it in a chroot (user_namespaces(7)). */
export function skipUnlessUserNamespaces(t: TestContext): boolean {
  if (skipUnlessRoot(t, 'it makes a user namespace')) return true;
  if (spawnSync('unshare', ['--user', 'true']).status === 0) return false;
  t.skip('needs user namespaces, and may not make one here');
  return true;
}

/** A folder of the test's own; whatever is mounted in it goes with it, also when the test fails. */
export function scratchFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'berth-linux-'));
  t.after(() => {
    const mounts = readMounts().filter(({ mountPoint }) => mountPoint.startsWith(`${folder}/`));
    for (const { mountPoint } of mounts.reverse()) unmount(mountPoint, { detach: true, noFollow: true });
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** How many mounts lie below a folder; other tests mount elsewhere meanwhile. */
export function countMounts(folder: string): number {
  return readMounts().filter(({ mountPoint }) => mountPoint.startsWith(`${folder}/`)).length;
}

/** A memory file system below a folder of `scratchFolder`. */
export function mountMemory(target: string, data = 'size=16m,mode=0755'): void {
  mountFileSystem(target, { type: 'tmpfs', source: 'berth-test', data });
}
