import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { nativePath } from '@berth/linux';
import type { CancelFlag } from '../threads/cancel-flag.ts';
import type { TreeNode } from './tree-node.ts';

const CHUNK_BYTES = 256 * 1024;
/** Used again for each pair of files, one pair at a time; made at the first. */
let scratch: readonly [Buffer, Buffer] | undefined;
/** linux/fcntl.h; Node has no name for it. */
const O_PATH = 0o10000000;

/** Type, owner, permissions and extended attributes; not times. */
export function hasSameAttributes(a: TreeNode, b: TreeNode): boolean {
  return (
    a.type === b.type &&
    (a.mode === b.mode || a.type === 'symlink') &&
    a.stat.uid === b.stat.uid &&
    a.stat.gid === b.stat.gid &&
    hasSameXattrs(a.xattrs, b.xattrs)
  );
}

/** Whether two nodes that are no directories are the same in all that a layer can say of them. */
export function isSame(a: TreeNode, b: TreeNode, cancel: CancelFlag): boolean {
  if (isUntouched(a, b)) return true;
  if (a.type !== b.type || a.stat.mtimeNs !== b.stat.mtimeNs) return false;
  if (a.type === 'file' && a.stat.size !== b.stat.size) return false;
  if (a.type === 'symlink' && a.linkTarget !== b.linkTarget) return false;
  if ((a.type === 'char' || a.type === 'block') && a.stat.rdev !== b.stat.rdev) return false;
  if (!hasSameAttributes(a, b)) return false;
  return a.type !== 'file' || a.inode === b.inode || hasSameContent(a, b, cancel);
}

/**
 * Whether both are one file of a file system and of a snapshot of it (btrfs, thin devices) that nothing has changed since: no program
 * can set the time of a change, and whatever it changes sets it. So a large tree is compared without reading it.
 */
function isUntouched({ stat: a }: TreeNode, { stat: b }: TreeNode): boolean {
  return (
    a.ino === b.ino &&
    a.ctimeNs === b.ctimeNs &&
    a.birthtimeNs === b.birthtimeNs &&
    a.birthtimeNs !== 0n &&
    a.mtimeNs === b.mtimeNs &&
    a.size === b.size &&
    a.mode === b.mode
  );
}

function hasSameXattrs(a: ReadonlyMap<string, Buffer>, b: ReadonlyMap<string, Buffer>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, value] of a) if (b.get(name)?.equals(value) !== true) return false;
  return true;
}

/**
 * Opens a regular file for reading, but nothing else that came in its place: a device would feel being opened.
 * @returns `undefined`: it is not there any more
 */
export function openFile(node: TreeNode): number | undefined {
  let pinned: number;
  try {
    pinned = openSync(nativePath(node.at), O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) return undefined;
    throw error;
  }
  try {
    return fstatSync(pinned).isFile() ? openSync(`/proc/self/fd/${pinned}`, constants.O_RDONLY) : undefined;
  } finally {
    closeSync(pinned);
  }
}

function hasSameContent(a: TreeNode, b: TreeNode, cancel: CancelFlag): boolean {
  if (a.stat.size === 0n) return true;
  const first = openFile(a);
  const second = openFile(b);
  try {
    if (first === undefined || second === undefined) return false;
    scratch ??= [Buffer.allocUnsafeSlow(CHUNK_BYTES), Buffer.allocUnsafeSlow(CHUNK_BYTES)];
    const [one, other] = scratch;
    for (let at = 0; ; ) {
      cancel.throwIfSet();
      const length = readFull(first, one, at);
      if (readFull(second, other, at) !== length) return false;
      if (one.compare(other, 0, length, 0, length) !== 0) return false;
      if (length < CHUNK_BYTES) return true;
      at += length;
    }
  } finally {
    for (const fd of [first, second]) if (fd !== undefined) closeSync(fd);
  }
}

/** Fills the buffer unless the file ends before. */
export function readFull(fd: number, buffer: Buffer, position: number): number {
  let done = 0;
  while (done < buffer.length) {
    const read = readSync(fd, buffer, done, buffer.length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return done;
}
