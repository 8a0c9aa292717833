import { lstatSync } from 'node:fs';
import { pathToBytes, WHITEOUT_PREFIX } from '@berth/oci';
import { walkTree } from '../../drivers/disk/walk-tree.ts';
import type { TreeFolder } from '../interface.ts';
import type { CancelFlag } from '../threads/cancel-flag.ts';

const AUFS_PREFIX = pathToBytes(WHITEOUT_PREFIX);

/** Bytes of regular files in a folder, each file once however many names it has. Overlayfs's marks are no regular files. */
export function measure(folder: TreeFolder, cancel: CancelFlag): number {
  const isAufs = folder.form === 'changes' && folder.whiteouts === 'aufs';
  const counted = new Set<string>();
  let bytes = 0;
  walkTree(
    pathToBytes(folder.path),
    {
      file(path) {
        const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
        if (stat === undefined || !stat.isFile()) return;
        const inode = `${stat.dev}:${stat.ino}`;
        if (stat.nlink > 1n && counted.has(inode)) return;
        if (stat.nlink > 1n) counted.add(inode);
        bytes += Number(stat.size);
      },
      skips: (name) => isAufs && name.indexOf(AUFS_PREFIX) === 0,
    },
    { spend: () => cancel.throwIfSet() },
  );
  return bytes;
}
