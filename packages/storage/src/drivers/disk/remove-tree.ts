import { randomBytes } from 'node:crypto';
import { lstatSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { setImmutable } from '@berth/linux';
import { bytesToPath } from '@berth/oci';
import { DiskCount, openWalkFolder, type WalkBudget, type WalkFolder } from './walk.ts';

/** Each level of a walk holds a descriptor: deeper folders are moved up to the top first. */
const MAX_DEPTH = 64;

/** 64 levels each: deeper than any tree that fits a disk, and an end where somebody keeps adding files. */
const MAX_ROUNDS = 100_000;

interface Removal {
  readonly top: WalkFolder;
  readonly count: DiskCount;
  readonly budget: WalkBudget;
}

/** Removes a tree, of any depth. May be called again for what an earlier call left. @returns bytes of disk freed */
export function removeTree(path: string, budget: WalkBudget): number {
  const count = new DiskCount();
  {
    using top = openWalkFolder(path);
    if (top === undefined) {
      if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) remove(path, unlinkSync);
      return 0;
    }
    count.addOpen(top);
    // What was too deep now lies at the top: again, until nothing is left.
    for (let round = 0; round < MAX_ROUNDS && top.entries().length > 0; round++) {
      empty(top, { top, count, budget }, 0);
    }
  }
  remove(path, rmdirSync);
  return count.bytes;
}

function empty(folder: WalkFolder, removal: Removal, depth: number): void {
  for (const { name, isFolder } of folder.entries()) {
    removal.budget.spend();
    const child = folder.child(name);
    if (!isFolder) {
      removal.count.addLastName(child);
      remove(child, unlinkSync);
    } else if (depth === MAX_DEPTH) {
      const aside = removal.top.child(Buffer.from(`deep-${randomBytes(8).toString('hex')}`));
      change(child, () => renameSync(child, aside));
    } else {
      removeFolder(child, removal, depth);
    }
  }
}

function removeFolder(path: Buffer, removal: Removal, depth: number): void {
  {
    using folder = openWalkFolder(path);
    if (folder !== undefined) {
      removal.count.addOpen(folder);
      empty(folder, removal, depth + 1);
    }
  }
  try {
    remove(path, rmdirSync);
  } catch (error) {
    // Something else has taken the name since, which cannot be entered and so can be unlinked.
    if (hasCode(error) && error.code === 'ENOTDIR') remove(path, unlinkSync);
    else if (!(hasCode(error) && error.code === 'ENOTEMPTY')) throw error;
  }
}

function remove(path: string | Buffer, call: (path: string | Buffer) => void): void {
  change(path, () => call(path));
}

/** A file or its folder may have the immutable or append-only flag (chattr): EPERM, also for root. */
function change(path: string | Buffer, call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!hasCode(error)) throw error;
    if (error.code === 'ENOENT') return;
    if (error.code !== 'EPERM') throw error;
    const text = typeof path === 'string' ? path : bytesToPath(path);
    // With the dot it is no symlink that is named, also below `/proc/self/fd`.
    setImmutable(`${text.slice(0, text.lastIndexOf('/'))}/.`, false);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isFile() || stat?.isDirectory()) setImmutable(text, false);
    call();
  }
}
