import { chmodSync, lchownSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { listXattrs, nativePath, removeXattr, setTimes, setXattr } from '@berth/linux';
import type { TarEntry } from '@berth/oci';
import { OVERLAY_XATTR } from '../../drivers/disk/copy-attributes.ts';

/** New files would inherit it, so a directory gets it when all is in it. */
export const DEFAULT_ACL = 'system.posix_acl_default';

/**
 * Owner, mode and extended attributes of what was just made, in this order: changing the owner takes setuid and
 * `security.capability` away.
 *
 * @param path absolute, no symlink in its directories
 */
export function applyAttributes(
  path: string,
  entry: TarEntry,
  options: {
    /** It has owner 0:0 already. */
    readonly isOwned: boolean;
    /** It has these permission bits already. */
    readonly hasMode: boolean;
  },
): void {
  if (!options.isOwned || entry.uid !== 0 || entry.gid !== 0)
    lchownSync(nativePath(path), entry.uid, entry.gid);
  const needsMode = !options.hasMode || (entry.mode & 0o6000) !== 0;
  if (needsMode && entry.type !== 'symlink') chmodSync(nativePath(path), entry.mode);
  if (entry.xattrs.size > 0) {
    for (const [name, value] of entry.xattrs)
      if (name !== DEFAULT_ACL) applyXattr(path, { name, value, entry });
  }
}

/** Attributes of a directory from before that its new entry does not have. */
export function removeOtherXattrs(path: string, keep: ReadonlyMap<string, Uint8Array>): void {
  for (const name of listXattrs(path)) {
    if (!keep.has(name) && !OVERLAY_XATTR.test(name) && name !== 'security.selinux') removeXattr(path, name);
  }
}

export function applyXattr(
  path: string,
  {
    name,
    value,
    entry,
  }: { readonly name: string; readonly value: Uint8Array; readonly entry: { readonly type: string } },
): void {
  try {
    setXattr(path, name, value);
  } catch (error) {
    if (!hasCode(error)) throw error;
    // This file system keeps no such attributes: everybody's engine goes on without them.
    if (error.code === 'EOPNOTSUPP' || error.code === 'ENOTSUP') return;
    // xattr(7): `user.` is for files and directories alone.
    const isFileOrDirectory = entry.type === 'file' || entry.type === 'directory';
    if (error.code === 'EPERM' && name.startsWith('user.') && !isFileOrDirectory) return;
    throw error;
  }
}

/** Of a path, or of an open file after the last byte was written. */
export function applyTimes(file: string | number, { mtime, atime }: Pick<TarEntry, 'mtime' | 'atime'>): void {
  setTimes(file, { mtime, atime: atime ?? mtime });
}
