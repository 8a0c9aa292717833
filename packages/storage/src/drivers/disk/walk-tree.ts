import { fstatSync } from 'node:fs';
import { isMountRoot } from '@berth/linux';
import { openWalkFolder, type WalkBudget, type WalkEntry, type WalkFolder } from './walk.ts';

/** Folders that are open at a time: each costs a descriptor, and a container decides how deep they lie. */
const MAX_OPEN = 64;

/** Paths that a visitor is given are good until it returns. */
export interface WalkVisitor {
  /** A folder was opened, the top too; what is in it comes next. */
  enter?(folder: WalkFolder): void;
  /** What is no folder. */
  file(path: Buffer): void;
  /** All that is in a folder was met, or something else has its name by now. Not for the top. */
  leave?(path: Buffer): void;
  /** What is mounted on a folder of the tree; with this method the top is looked at, too. */
  mounted?(folder: WalkFolder): void;
  /** Names that are passed over, and all that is below them. */
  skips?(name: Buffer): boolean;
}

/**
 * Walks a tree of any depth, folders after what is in them, by no more than 64 descriptors and without recursion: of a folder further
 * up only the list is kept, and it is found again as the parent of the one that is left.
 *
 * What vanishes meanwhile is passed over. Where somebody moves a folder while the walk is deep in it, what is left in those around it is
 * passed over, too. What is mounted inside is no part of the tree: it is not entered.
 *
 * @returns `false`: there is no folder
 */
export function walkTree(path: string | Buffer, visitor: WalkVisitor, budget: WalkBudget): boolean {
  const top = openWalkFolder(path);
  if (top === undefined) return false;
  using way = new Way();
  way.enter(top, Buffer.of());
  if (visitor.mounted !== undefined && isMountRoot(top.fd)) visitor.mounted(top);
  visitor.enter?.(top);
  for (let level = way.last; level !== undefined; level = way.last) {
    const entry = level.next();
    if (entry === undefined) {
      const left = way.leave();
      if (left !== undefined) visitor.leave?.(left);
      continue;
    }
    budget.spend();
    if (visitor.skips?.(entry.name) === true) continue;
    const child = level.folder.child(entry.name);
    const folder = entry.isFolder ? openWalkFolder(child) : undefined;
    if (folder !== undefined && isMountRoot(folder.fd)) {
      using mounted = folder;
      visitor.mounted?.(mounted);
    } else if (folder !== undefined) {
      way.enter(folder, entry.name);
      visitor.enter?.(folder);
    } else if (entry.isFolder) visitor.leave?.(child);
    else visitor.file(child);
  }
  return true;
}

/** The folders from the top to where a walk is. The first and the last few are open. */
class Way implements Disposable {
  readonly #levels: Level[] = [];

  /** One that is open. */
  get last(): Level | undefined {
    return this.#levels.at(-1);
  }

  /** The folder is closed by the way from now on. */
  enter(folder: WalkFolder, name: Buffer): void {
    this.#levels.push(new Level(folder, name));
    const upper = this.#levels.length - MAX_OPEN;
    if (upper > 0) this.#levels[upper]?.close();
  }

  /** @returns a path of the folder that was left; `undefined` for the top, and where the way is lost */
  leave(): Buffer | undefined {
    using left = this.#levels.pop();
    const above = this.last;
    if (left === undefined || above === undefined) return undefined;
    if (above.isOpen || above.openFrom(left.folder)) return above.folder.child(left.name);
    while (this.last?.isOpen === false) this.#levels.pop();
    return undefined;
  }

  [Symbol.dispose](): void {
    for (const level of this.#levels.splice(0)) level[Symbol.dispose]();
  }
}

class Level implements Disposable {
  /** In the folder above. */
  readonly name: Buffer;
  #folder: WalkFolder | undefined;
  /** Of a folder that was closed. */
  #inode: string | undefined;
  #entries: Iterator<WalkEntry> | undefined;

  constructor(folder: WalkFolder, name: Buffer) {
    this.#folder = folder;
    this.name = name;
  }

  get folder(): WalkFolder {
    if (this.#folder === undefined) throw new Error('The folder of the walk is closed');
    return this.#folder;
  }

  get isOpen(): boolean {
    return this.#folder !== undefined;
  }

  next(): WalkEntry | undefined {
    this.#entries ??= this.folder.entries().values();
    const next = this.#entries.next();
    return next.done === true ? undefined : next.value;
  }

  close(): void {
    if (this.#folder === undefined) return;
    this.#inode = inodeOf(this.#folder);
    this[Symbol.dispose]();
  }

  /** Wherever `child` was moved to: only the folder that was there before is opened. */
  openFrom(child: WalkFolder): boolean {
    const folder = openWalkFolder(child.child(Buffer.from('..')));
    if (folder === undefined) return false;
    if (inodeOf(folder) === this.#inode) this.#folder = folder;
    else folder[Symbol.dispose]();
    return this.isOpen;
  }

  [Symbol.dispose](): void {
    this.#folder?.[Symbol.dispose]();
    this.#folder = undefined;
  }
}

function inodeOf({ fd }: WalkFolder): string {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return `${dev}:${ino}`;
}
