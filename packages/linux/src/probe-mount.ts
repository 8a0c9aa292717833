import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { makeNode } from './files.ts';
import { isInInitialUserNamespace } from './kernel.ts';
import { readMounts } from './mount-info.ts';
import { unmount } from './mounts.ts';
import { mountOverlay } from './overlay.ts';
import { fails, type ProbeResult, wordsOf, works } from './probe-result.ts';
import { preciseStat } from './stat.ts';
import { setXattr } from './xattrs.ts';

/**
 * Mounts an overlay of two lower folders, or of one, and an upper one in `folder`, changes and deletes in it, and leaves
 * nothing there.
 */
export function probeMount(folder: string, { lowers = 2 }: { readonly lowers?: 1 | 2 } = {}): ProbeResult {
  let base: string | undefined;
  try {
    base = mkdtempSync(join(folder, 'probe-mount-'));
    tryOverlay(base, lowers);
    const count = lowers === 2 ? 'three' : 'two';
    return works(`An overlay of ${count} folders was mounted on ${fileSystemOf(folder)}`);
  } catch (error) {
    const code = hasCode(error) ? error.code : '';
    const { cause, fix } = explain(code, folder);
    return fails(cause, wordsOf(error), fix);
  } finally {
    if (base !== undefined) rmSync(base, { recursive: true, force: true });
  }
}

function tryOverlay(base: string, lowers: 1 | 2): void {
  const at = (...names: readonly string[]) => join(base, ...names);
  for (const name of ['near', 'far', 'upper', 'work', 'merged']) mkdirSync(at(name));
  for (const name of ['changed', 'deleted']) writeFileSync(at('far', name), 'far');
  const stack = lowers === 2 ? [at('near'), at('far')] : [at('far')];
  mountOverlay(at('merged'), { lowers: stack, upper: at('upper'), work: at('work') });
  try {
    writeFileSync(at('merged', 'changed'), 'upper');
    unlinkSync(at('merged', 'deleted'));
  } finally {
    unmount(at('merged'), { detach: true });
  }
  const changed = readFileSync(at('upper', 'changed'), 'utf8');
  if (changed !== 'upper') throw new Error(`A changed file had "${changed}" in it`);
  const { kind } = preciseStat(at('upper', 'deleted'));
  if (kind !== 'char') throw new Error(`A deleted file left a ${kind} as its whiteout`);
}

function explain(code: string, folder: string): { cause: string; fix: string } {
  const type = typeOf(folder);
  if (code === 'EROFS' || code === 'ENOSPC' || code === 'EDQUOT') {
    return {
      cause: `Nothing can be written below "${folder}"`,
      fix: 'Free some space there, or choose another data folder',
    };
  }
  if (code === 'ENODEV') {
    return {
      cause: 'This kernel has no overlay file system',
      fix: 'Load it with "modprobe overlay", or use a kernel with CONFIG_OVERLAY_FS',
    };
  }
  if (code === 'EPERM' || code === 'EACCES') {
    return {
      cause: 'This process may not mount file systems',
      fix: isInInitialUserNamespace()
        ? 'Run as root (sudo); in a container it needs --privileged'
        : 'Run outside of the user namespace (a rootless container, "unshare --user") that it is in',
    };
  }
  if (type === 'overlay') {
    return {
      cause: `"${folder}" is on an overlay itself, and the kernel stacks no writable one on it`,
      fix: 'In a container, put the data folder on a volume',
    };
  }
  return {
    cause: `An overlay cannot be mounted on the ${type} file system of "${folder}"`,
    fix: 'Put the data folder on ext4, xfs or btrfs; not on NFS, eCryptfs or a FUSE file system',
  };
}

/** What unpacking layers needs besides mounts: device files and attributes that only root may make. */
export function probeWhiteouts(folder: string): ProbeResult {
  let base: string | undefined;
  try {
    base = mkdtempSync(join(folder, 'probe-whiteout-'));
    makeNode(join(base, 'whiteout'), { type: 'char', mode: 0, major: 0, minor: 0 });
    setXattr(base, 'trusted.overlay.opaque', Buffer.from('y'));
    return works(`A device file and a trusted attribute were made on ${fileSystemOf(folder)}`);
  } catch (error) {
    const isDenied = hasCode(error) && (error.code === 'EPERM' || error.code === 'EACCES');
    return isDenied
      ? fails(
          'This process may not make device files or trusted attributes',
          wordsOf(error),
          'Run as root (sudo), outside of a user namespace; in a container it needs --privileged',
        )
      : fails(
          `The ${typeOf(folder)} file system of "${folder}" keeps no device files or no attributes`,
          wordsOf(error),
          'Put the data folder on ext4, xfs or btrfs',
        );
  } finally {
    if (base !== undefined) rmSync(base, { recursive: true, force: true });
  }
}

function fileSystemOf(folder: string): string {
  return `${typeOf(folder)} ("${folder}")`;
}

/** Type of the file system that a folder is on: of the last mount at or above it. */
function typeOf(folder: string): string {
  try {
    const path = `${realpathSync(folder)}/`;
    const isAbove = (mountPoint: string) => mountPoint === '/' || path.startsWith(`${mountPoint}/`);
    const above = readMounts().filter(({ mountPoint }) => isAbove(mountPoint));
    const longest = Math.max(...above.map(({ mountPoint }) => mountPoint.length));
    return above.findLast(({ mountPoint }) => mountPoint.length === longest)?.fsType ?? 'unknown';
  } catch (error) {
    if (hasCode(error)) return 'unknown';
    throw error;
  }
}
