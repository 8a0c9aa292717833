import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync } from 'node:fs';
import { hasCode } from '@berth/errors';

/**
 * Folders that a container may still be writing into are walked by descriptors, so that a folder which becomes a
 * symlink between two calls is never followed: each is opened with O_NOFOLLOW, and its entries are named through
 * `/proc/self/fd/<n>/`, which the kernel resolves to the folder that was opened, wherever it lies now.
 */
export const FOLDER_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** An open folder of a walk. */
export class WalkFolder implements Disposable {
  readonly fd: number;

  constructor(path: string | Buffer) {
    this.fd = openSync(path, FOLDER_FLAGS);
  }

  /** Names are bytes: a layer may have some that are not UTF-8. */
  entries(): readonly { readonly name: Buffer; readonly isFolder: boolean }[] {
    const list = readdirSync(`/proc/self/fd/${this.fd}`, { withFileTypes: true, encoding: 'buffer' });
    return list.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  }

  child(name: Buffer): Buffer {
    return Buffer.concat([Buffer.from(`/proc/self/fd/${this.fd}/`), name]);
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

/** @returns `undefined` where there is no such folder (any more), or something else has its name */
export function openWalkFolder(path: string | Buffer): WalkFolder | undefined {
  try {
    return new WalkFolder(path);
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) return undefined;
    throw error;
  }
}

/** Disk bytes of what is met, each inode once. */
export class DiskCount {
  readonly #seen = new Set<string>();
  bytes = 0;

  add(path: string | Buffer): void {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat !== undefined) this.#count(stat);
  }

  addOpen(folder: WalkFolder): void {
    this.#count(fstatSync(folder.fd));
  }

  #count(stat: { nlink: number; dev: number; ino: number; blocks: number; isDirectory(): boolean }): void {
    if (stat.nlink > 1 && !stat.isDirectory()) {
      const id = `${stat.dev}:${stat.ino}`;
      if (this.#seen.has(id)) return;
      this.#seen.add(id);
    }
    this.bytes += stat.blocks * 512;
  }
}

/** How much a walk may do before it gives up or is told to stop. */
export interface WalkBudget {
  /** Called for each entry; throws to end the walk. */
  spend(): void;
}

/** Thrown by a budget that is used up. */
export class BudgetSpent extends Error {}

export class EntryBudget implements WalkBudget {
  #left: number;

  constructor(entries: number) {
    this.#left = entries;
  }

  spend(): void {
    if (this.#left-- <= 0) throw new BudgetSpent();
  }
}
