import { symlinkSync } from 'node:fs';
import { makeNode, nativePath } from '@berth/linux';
import { copyAttributes } from '../../drivers/disk/copy-attributes.ts';
import type { TreeNode } from '../compare/tree-node.ts';
import type { CancelFlag } from '../threads/cancel-flag.ts';
import { copyFile } from '../unpack/copy-file.ts';

/** Copies anything but a directory. `target` is absolute and new. @returns false for what no layer can hold */
export function copyNode(node: TreeNode, target: string, cancel: CancelFlag): boolean {
  switch (node.type) {
    case 'file':
      copyFile(node.at, target, cancel);
      return true;
    case 'symlink':
      symlinkSync(nativePath(node.linkTarget), nativePath(target));
      break;
    case 'fifo':
    case 'char':
    case 'block':
      makeNode(target, { type: node.type, mode: node.mode, ...(node.type === 'fifo' ? {} : node.device) });
      break;
    default:
      return false;
  }
  copyAttributes(node.at, target, node.stat);
  return true;
}
