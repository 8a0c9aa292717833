import { lstatSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { listXattrs, removeXattr } from '@berth/linux';
import { bytesToPath } from '@berth/oci';
import { MOUNT_XATTR } from './copy-attributes.ts';
import { openWalkFolder, type WalkBudget } from './walk.ts';

/** @see DiskWork.stripAttributes */
export function stripAttributes(path: string | Buffer, budget: WalkBudget): void {
  using folder = openWalkFolder(path);
  if (folder === undefined) return;
  strip(folder.child(Buffer.from('.')));
  for (const { name, isFolder } of folder.entries()) {
    budget.spend();
    const child = folder.child(name);
    if (isFolder) stripAttributes(child, budget);
    else if (lstatSync(child, { throwIfNoEntry: false })?.isFile() === true) strip(child);
  }
}

function strip(path: Buffer): void {
  const text = bytesToPath(path);
  try {
    for (const name of listXattrs(text)) if (MOUNT_XATTR.test(name)) removeXattr(text, name);
  } catch (error) {
    // Somebody was quicker.
    if (!hasCode(error) || !['ENOENT', 'ENODATA'].includes(error.code)) throw error;
  }
}
