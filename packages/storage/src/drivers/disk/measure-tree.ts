import { DiskCount, openWalkFolder, type WalkBudget } from './walk.ts';

/** Disk bytes of a tree; what vanishes meanwhile counts nothing. Depth costs one descriptor per level. */
export function measureTree(path: string, budget: WalkBudget): number {
  const count = new DiskCount();
  walk(path, { count, budget });
  return count.bytes;
}

function walk(
  path: string | Buffer,
  state: { readonly count: DiskCount; readonly budget: WalkBudget },
): void {
  using folder = openWalkFolder(path);
  if (folder === undefined) return;
  state.count.addOpen(folder);
  for (const { name, isFolder } of folder.entries()) {
    state.budget.spend();
    if (isFolder) walk(folder.child(name), state);
    else state.count.add(folder.child(name));
  }
}
