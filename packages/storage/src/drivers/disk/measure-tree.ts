import { DiskCount, type WalkBudget } from './walk.ts';
import { walkTree } from './walk-tree.ts';

export interface MeasureOptions {
  /** A tree whose files do not count: what has a name in both is its. */
  readonly beyond?: string;
  /** Files that have a name outside of the tree do not count: the disk keeps them when the tree goes. */
  readonly ownOnly?: boolean;
  /**
   * The tree began as a snapshot at that time: what it has had since then does not count. A file that was born later counts whole, of an
   * older one that was changed what no other file or snapshot shares.
   */
  readonly snapshotAtNs?: bigint;
}

/** Disk bytes of a tree; what vanishes meanwhile counts nothing. */
export function measureTree(path: string, budget: WalkBudget, options: MeasureOptions = {}): number {
  const count = new DiskCount(options);
  const { beyond, snapshotAtNs } = options;
  if (beyond !== undefined) walkTree(beyond, { file: (file) => count.leaveOut(file) }, budget);
  walkTree(
    path,
    {
      enter: (folder) => count.addOpen(folder),
      file: (file) =>
        snapshotAtNs === undefined ? count.add(file) : count.addSince(file, { snapshotAtNs, budget }),
    },
    budget,
  );
  return count.bytes;
}
