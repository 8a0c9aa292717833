import { lstatSync, readlinkSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode } from '@berth/errors';
import { makeSubvolumeWritable, setImmutable } from '@berth/linux';
import { bytesToPath } from '@berth/oci';
import { mountedInside } from './mounted-inside.ts';
import { DiskCount, type WalkBudget, type WalkFolder } from './walk.ts';
import { walkTree } from './walk-tree.ts';

/** An end where somebody keeps adding files. */
const MAX_ROUNDS = 1000;

/**
 * Removes a tree, of any depth, with what would keep it: immutable files, and on btrfs the subvolumes that a container has made in it,
 * also read-only ones. May be called again for what an earlier call left.
 *
 * @returns bytes of disk freed
 * @throws {StorageError} `LAYER_BUSY` where something is mounted inside, or on it: of that nothing is touched
 */
export function removeTree(path: string, budget: WalkBudget): number {
  const removal = new Removal(path);
  for (let round = 1; ; round++) {
    const before = removal.removed;
    if (!walkTree(path, removal, budget)) {
      if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) removal.unlink(Buffer.from(path));
      return 0;
    }
    try {
      removal.removeFolder(Buffer.from(path));
      return removal.bytes;
    } catch (error) {
      const isWorthAnother = isNotEmpty(error) && removal.removed > before && round < MAX_ROUNDS;
      if (!isWorthAnother) throw error;
    }
  }
}

class Removal {
  readonly #count = new DiskCount();
  readonly #path: string;
  removed = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get bytes(): number {
    return this.#count.bytes;
  }

  mounted({ fd }: WalkFolder): void {
    const mountPoint = bytesToPath(readlinkSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' }));
    throw mountedInside(this.#path, mountPoint);
  }

  file(path: Buffer): void {
    this.#count.addLastName(path);
    this.unlink(path);
  }

  leave(path: Buffer): void {
    try {
      this.removeFolder(path);
    } catch (error) {
      // Something else has taken the name since, which cannot be entered and so can be unlinked.
      if (hasCode(error) && error.code === 'ENOTDIR') this.unlink(path);
      else if (!isNotEmpty(error)) throw error;
    }
  }

  unlink(path: Buffer): void {
    this.#change(path, () => unlinkSync(path));
  }

  removeFolder(path: Buffer): void {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    this.#change(path, () => rmdirSync(path));
    this.#count.bytes += (stat?.blocks ?? 0) * 512;
  }

  /** A file or its folder may have the immutable or append-only flag (chattr): EPERM, also for root. */
  #change(path: Buffer, call: () => void): void {
    try {
      try {
        this.#write(path, call);
      } catch (error) {
        if (!hasCode(error) || error.code !== 'EPERM') throw error;
        this.#write(path, () => unlock(path));
        this.#write(path, call);
      }
      this.removed++;
    } catch (error) {
      if (!hasCode(error) || error.code !== 'ENOENT') throw error;
    }
  }

  /** The subvolume that the folder lies in, or that is the folder, may be read-only. One that the tree lies in stays so. */
  #write(path: Buffer, call: () => void): void {
    try {
      call();
    } catch (error) {
      if (!hasCode(error) || error.code !== 'EROFS') throw error;
      const outside = dirname(this.#path);
      const mayBe = [folderOf(path), bytesToPath(path)];
      const made = mayBe.map((folder) => makeSubvolumeWritable(folder, { outside }));
      if (!made.includes(true)) throw error;
      call();
    }
  }
}

function unlock(path: Buffer): void {
  setImmutable(folderOf(path), false);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() || stat?.isDirectory()) setImmutable(bytesToPath(path), false);
}

/** With the dot it is no symlink that is named, also below `/proc/self/fd`. */
function folderOf(path: Buffer): string {
  const text = bytesToPath(path);
  return `${text.slice(0, text.lastIndexOf('/'))}/.`;
}

function isNotEmpty(error: unknown): boolean {
  return hasCode(error) && error.code === 'ENOTEMPTY';
}
