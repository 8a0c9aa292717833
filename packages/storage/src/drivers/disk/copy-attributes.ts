import { chmodSync, lchownSync } from 'node:fs';
import { getXattr, listXattrs, nativePath, setTimes, setXattr } from '@berth/linux';

/** Attributes by which the kernel finds files of other layers, or hides them. */
export const OVERLAY_XATTR = /^(?:trusted|user)\.overlay\./;

/** The same, and those of fuse-overlayfs: notes of a mount, that are no part of a file. */
export const MOUNT_XATTR = /^(?:(?:trusted|user)\.overlay|user\.fuseoverlayfs)\./;

export interface CopiedAttributes {
  readonly uid: bigint;
  readonly gid: bigint;
  readonly mode: bigint;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  isSymbolicLink(): boolean;
}

/** Of overlayfs's own attributes the only one that says something of the folder, and not of the layers that lay below it. */
export const OVERLAY_OPAQUE = 'trusted.overlay.opaque';

/**
 * Owner first: changing it takes setuid bits and `security.capability` away. Times last: all else changes them. What
 * belongs to the mount and not to the file stays behind.
 */
export function copyAttributes(source: string, target: string, stat: CopiedAttributes): void {
  lchownSync(nativePath(target), Number(stat.uid), Number(stat.gid));
  if (!stat.isSymbolicLink()) chmodSync(nativePath(target), Number(stat.mode & 0o7777n));
  for (const name of listXattrs(source)) {
    const value = MOUNT_XATTR.test(name) ? undefined : getXattr(source, name);
    if (value !== undefined) setXattr(target, name, value);
  }
  setTimes(target, { atime: stat.atimeNs, mtime: stat.mtimeNs });
}
