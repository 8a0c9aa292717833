import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, type Stats } from 'node:fs';
import { hasCode } from '@berth/errors';
import { fileExtents } from '@berth/linux';
import { bytesToPath } from '@berth/oci';

/**
 * Folders that a container may still be writing into are walked by descriptors, so that a folder which becomes a
 * symlink between two calls is never followed: each is opened with O_NOFOLLOW, and its entries are named through
 * `/proc/self/fd/<n>/`, which the kernel resolves to the folder that was opened, wherever it lies now.
 */
export const FOLDER_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export interface WalkEntry {
  /** Names are bytes: a layer may have some that are not UTF-8. */
  readonly name: Buffer;
  readonly isFolder: boolean;
  readonly isSocket: boolean;
}

/** An open folder of a walk. */
export class WalkFolder implements Disposable {
  readonly fd: number;

  constructor(path: string | Buffer) {
    this.fd = openSync(path, FOLDER_FLAGS);
  }

  entries(): readonly WalkEntry[] {
    const list = readdirSync(`/proc/self/fd/${this.fd}`, { withFileTypes: true, encoding: 'buffer' });
    return list.map((entry) => ({
      name: entry.name,
      isFolder: entry.isDirectory(),
      isSocket: entry.isSocket(),
    }));
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
  readonly #ownOnly: boolean;
  /** Inodes with several names, and how many of those were met. */
  readonly #met = new Map<string, number>();
  readonly #left = new Set<string>();
  bytes = 0;

  /** `ownOnly`: a file counts when all its names were met. */
  constructor(options: { readonly ownOnly?: boolean } = {}) {
    this.#ownOnly = options.ownOnly ?? false;
  }

  add(path: string | Buffer): void {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat !== undefined) this.#count(stat);
  }

  addOpen(folder: WalkFolder): void {
    this.bytes += fstatSync(folder.fd).blocks * 512;
  }

  /**
   * A file whose extents are asked for is as dear as one that is read.
   * @see MeasureOptions.snapshotAtNs
   */
  addSince(
    path: Buffer,
    { snapshotAtNs, budget }: { readonly snapshotAtNs: bigint; readonly budget: WalkBudget },
  ): void {
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    // As equal times are of the same tick of the clock, they say nothing.
    if (stat === undefined || (stat.birthtimeNs < snapshotAtNs && stat.ctimeNs < snapshotAtNs)) return;
    const isNew = stat.birthtimeNs > snapshotAtNs;
    if (!isNew && !stat.isFile()) return;
    if (stat.nlink > 1n && !this.#isFirst(`${stat.dev}:${stat.ino}`)) return;
    if (!isNew) budget.spend(Number(stat.size));
    this.bytes += (isNew ? undefined : unsharedBytes(path, budget)) ?? Number(stat.blocks) * 512;
  }

  /** For a name that is about to go: its file counts when it has no other. */
  addLastName(path: string | Buffer): void {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.nlink === 1) this.bytes += stat.blocks * 512;
  }

  /** A file that does not count, whatever name of it is met. */
  leaveOut(path: string | Buffer): void {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && stat.nlink > 1) this.#left.add(`${stat.dev}:${stat.ino}`);
  }

  #isFirst(id: string): boolean {
    const isFirst = !this.#met.has(id);
    this.#met.set(id, 1);
    return isFirst;
  }

  #count(stat: Pick<Stats, 'nlink' | 'dev' | 'ino' | 'blocks'>): void {
    if (stat.nlink > 1) {
      const id = `${stat.dev}:${stat.ino}`;
      const met = (this.#met.get(id) ?? 0) + 1;
      this.#met.set(id, met);
      if (met !== (this.#ownOnly ? stat.nlink : 1) || this.#left.has(id)) return;
    }
    this.bytes += stat.blocks * 512;
  }
}

/** @returns `undefined` where the file system does not tell */
function unsharedBytes(path: Buffer, budget: WalkBudget): number | undefined {
  let bytes = 0;
  try {
    for (const { isShared, length } of fileExtents(bytesToPath(path))) {
      budget.spend();
      if (!isShared) bytes += length;
    }
    return bytes;
  } catch (error) {
    if (!hasCode(error)) throw error;
    if (error.code === 'EOPNOTSUPP' || error.code === 'ENOTTY') return undefined;
    // Somebody has put something else in its place.
    if (['ENOENT', 'ELOOP', 'EINVAL'].includes(error.code)) return 0;
    throw error;
  }
}

/** How much a walk may do before it gives up or is told to stop. */
export interface WalkBudget {
  /** Called for each entry, with the bytes that are about to be read for it; throws to end the walk. */
  spend(bytes?: number): void;
}

/** Thrown by a budget that is used up. */
export class BudgetSpent extends Error {}

export class EntryBudget implements WalkBudget {
  #left: number;
  #leftBytes: number;

  constructor(entries: number, bytes = 0) {
    this.#left = entries;
    this.#leftBytes = bytes;
  }

  spend(bytes = 0): void {
    this.#leftBytes -= bytes;
    if (this.#left-- <= 0 || this.#leftBytes < 0) throw new BudgetSpent();
  }
}
