import { lstatSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { listXattrs, removeXattr } from '@berth/linux';
import { bytesToPath } from '@berth/oci';
import { MOUNT_XATTR } from './copy-attributes.ts';
import type { WalkBudget } from './walk.ts';
import { walkTree } from './walk-tree.ts';

/** @see DiskWork.stripAttributes */
export function stripAttributes(path: string | Buffer, budget: WalkBudget): void {
  walkTree(
    path,
    {
      enter: (folder) => strip(folder.child(Buffer.from('.'))),
      file(file) {
        if (lstatSync(file, { throwIfNoEntry: false })?.isFile() === true) strip(file);
      },
    },
    budget,
  );
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
