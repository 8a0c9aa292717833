import type { TreeDifference } from '../interface.ts';
import type { CancelFlag } from '../threads/cancel-flag.ts';
import { walkDifference } from './walk-difference.ts';

/** Bytes of the regular files in the tar of a difference, which is not made: what was added is not read. */
export function measureDifference(difference: TreeDifference, cancel: CancelFlag): number {
  const counted = new Set<string>();
  let bytes = 0;
  for (const found of walkDifference(difference, cancel)) {
    if (found.kind === 'deleted' || found.node.type !== 'file') continue;
    const { inode, stat } = found.node;
    if (stat.nlink > 1n && counted.has(inode)) continue;
    if (stat.nlink > 1n) counted.add(inode);
    bytes += Number(stat.size);
  }
  return bytes;
}
