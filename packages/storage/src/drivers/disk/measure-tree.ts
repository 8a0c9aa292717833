import { DiskCount, openWalkFolder, type WalkBudget, type WalkFolder } from './walk.ts';

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

/** Disk bytes of a tree; what vanishes meanwhile counts nothing. Depth costs one descriptor per level. */
export function measureTree(path: string, budget: WalkBudget, options: MeasureOptions = {}): number {
  const count = new DiskCount(options);
  if (options.beyond !== undefined) {
    walk(options.beyond, { budget, onFile: (file) => count.leaveOut(file), onFolder: () => {} });
  }
  const { snapshotAtNs } = options;
  walk(path, {
    budget,
    onFile: (file) => (snapshotAtNs === undefined ? count.add(file) : count.addSince(file, snapshotAtNs)),
    onFolder: (folder) => count.addOpen(folder),
  });
  return count.bytes;
}

interface Walk {
  readonly budget: WalkBudget;
  readonly onFile: (path: Buffer) => void;
  readonly onFolder: (folder: WalkFolder) => void;
}

function walk(path: string | Buffer, visitor: Walk): void {
  using folder = openWalkFolder(path);
  if (folder === undefined) return;
  visitor.onFolder(folder);
  for (const { name, isFolder } of folder.entries()) {
    visitor.budget.spend();
    if (isFolder) walk(folder.child(name), visitor);
    else visitor.onFile(folder.child(name));
  }
}
