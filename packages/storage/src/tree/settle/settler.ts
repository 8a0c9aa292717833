import { linkSync, mkdirSync, renameSync, rmdirSync, type Stats, unlinkSync } from 'node:fs';
import { nativePath, setTimes } from '@berth/linux';
import { isWhiteout } from '@berth/oci';
import { copyAttributes } from '../../drivers/disk/copy-attributes.ts';
import { Below } from '../compare/below.ts';
import { TreeNode } from '../compare/tree-node.ts';
import { refuseEntry } from '../failure.ts';
import type { SettleNotes, TreeFolder } from '../interface.ts';
import { directoryOf, isWithin, joinPath, nameOf } from '../names.ts';
import type { CancelFlag } from '../threads/cancel-flag.ts';
import { linkTargetOf, namesIn, statOf } from '../unpack/jail.ts';
import { type Marks, marksOf } from '../unpack/marks.ts';
import { copyNode } from './copy-node.ts';

/** As in `Places`: path_resolution(7). */
const MAX_SYMLINKS = 40;

export interface SettlerOptions {
  readonly folder: Extract<TreeFolder, { readonly form: 'changes' }>;
  readonly notes: SettleNotes;
  /** Nearest first. */
  readonly parents: readonly TreeFolder[];
  readonly cancel: CancelFlag;
}

interface Times {
  readonly atime: bigint;
  readonly mtime: bigint;
}

interface Walk {
  /** What the walk is for, as messages name it. */
  readonly entry: string;
  readonly make: boolean;
  symlinks: number;
}

/**
 * Settles one layer. Not jailed, for it looks at several folders: no path is used before each of its directories was
 * seen to be one, and nobody else changes these folders.
 */
export class Settler {
  readonly #root: string;
  readonly #marks: Marks;
  readonly #notes: SettleNotes;
  readonly #below: Below;
  readonly #cancel: CancelFlag;
  readonly #implied: Set<string>;
  /** Directories that get their times back when all is done. */
  readonly #times = new Map<string, Times>();
  readonly #copied = new Set<string>();
  /** Where directories have gone, in the order in which that happened. */
  readonly moves: { readonly from: string; readonly to: string }[] = [];

  constructor({ folder, notes, parents, cancel }: SettlerOptions) {
    this.#root = `${folder.path}/`;
    this.#marks = marksOf(folder.whiteouts, this.#root);
    this.#notes = notes;
    this.#below = Below.root(parents);
    this.#cancel = cancel;
    this.#implied = new Set(notes.impliedDirectories);
  }

  run(): void {
    const withoutBelow: string[] = [];
    if (this.#notes.isRootOpaque === true) this.#hideRoot();
    for (const noted of this.#notes.impliedDirectories) {
      this.#cancel.throwIfSet();
      if (noted === '') this.#takeRootAttributes();
      else if (!this.#settleDirectory(this.#moved(noted))) withoutBelow.push(noted);
    }
    for (const { path, target } of this.#notes.foreignLinks) {
      this.#cancel.throwIfSet();
      this.#settleLink(this.#moved(path), target);
    }
    for (const path of withoutBelow.reverse()) this.#prune(this.#moved(path));
    this.#restoreTimes();
  }

  #takeRootAttributes(): void {
    const { nearestPath } = this.#below;
    const node = nearestPath === undefined ? undefined : TreeNode.read(nearestPath);
    if (node !== undefined) this.#takeAttributes('', node);
  }

  /** Marks each name of the layers below, for no folder of changes can be opaque at its root. */
  #hideRoot(): void {
    this.#touch('');
    for (const name of this.#below.names()) {
      const stat = this.#stat(name);
      if (stat === undefined) this.#marks.hide(name);
      else if (stat.isDirectory()) this.#marks.makeOpaque(name);
    }
  }

  /** @returns false when the layers below have nothing at its path, seen or hidden */
  #settleDirectory(path: string): boolean {
    if (this.#stat(path)?.isDirectory() !== true) return true;
    const below = this.#belowOf(directoryOf(path)).node(nameOf(path));
    if (below === undefined) return false;
    // An opaque directory hides what was in the one below, and not that one.
    if (below.type === 'directory') this.#takeAttributes(path, below);
    else if (this.#marks.isOpaque(path)) return true;
    else if (below.type === 'symlink') this.#moveDirectory(path, below.linkTarget);
    else refuseEntry(path, `"${path}" is a file of the layers below and no directory`);
    return true;
  }

  /** Nothing needs a directory that only hides what is not there. */
  #prune(path: string): void {
    if (this.#stat(path)?.isDirectory() !== true) return;
    for (const name of namesIn(path, this.#root)) {
      const child = joinPath(path, name);
      const stat = this.#stat(child);
      if (stat === undefined || !(this.#marks.isMark(stat) || isWhiteout(name))) return;
    }
    this.#touch(directoryOf(path));
    for (const name of namesIn(path, this.#root)) unlinkSync(this.#native(joinPath(path, name)));
    rmdirSync(this.#native(path));
    this.#times.delete(path);
  }

  /** A symlink of the layers below stands where the directory is: what is in it belongs to where that leads. */
  #moveDirectory(path: string, target: string): void {
    const walk: Walk = { entry: path, make: true, symlinks: 1 };
    const to = this.#follow(directoryOf(path), target, walk);
    if (to === undefined || isWithin(to, path))
      refuseEntry(path, 'a symlink of the layers below leads into itself');
    this.#merge(path, to);
    this.moves.push({ from: path, to });
  }

  #merge(from: string, to: string): void {
    if (this.#marks.isOpaque(from)) this.#marks.makeOpaque(to);
    this.#touch(to);
    this.#touch(directoryOf(from));
    for (const name of namesIn(from, this.#root)) {
      this.#cancel.throwIfSet();
      if (this.#marks.areApart && isWhiteout(name))
        this.#mergeAufsMark(joinPath(from, name), joinPath(to, name));
      else this.#mergeChild(joinPath(from, name), joinPath(to, name));
    }
    rmdirSync(this.#native(from));
    this.#times.delete(from);
  }

  #mergeChild(from: string, to: string): void {
    const source = this.#stat(from);
    if (source === undefined) return;
    const target = this.#stat(to);
    const isSourceMark = this.#marks.isMark(source);
    const wasHidden =
      (target === undefined ? this.#marks.areApart : this.#marks.isMark(target)) && this.#marks.unhide(to);
    if (target === undefined || wasHidden) {
      renameSync(this.#native(from), this.#native(to));
      if (wasHidden && source.isDirectory()) this.#marks.makeOpaque(to);
    } else if (isSourceMark) {
      if (target.isDirectory()) this.#marks.makeOpaque(to);
      unlinkSync(this.#native(from));
    } else if (source.isDirectory() && target.isDirectory()) {
      // An entry says more than the need for a directory does.
      if (this.#isImplied(to) && !this.#isImplied(from)) {
        const node = TreeNode.read(this.#at(from));
        if (node !== undefined) this.#takeAttributes(to, node);
      }
      this.#merge(from, to);
    } else {
      refuseEntry(from, `the layer has "${to}" too, and in the layers below both are one place`);
    }
  }

  #mergeAufsMark(from: string, to: string): void {
    // A file of this layer outlives the mark on its name.
    if (this.#stat(to) === undefined) renameSync(this.#native(from), this.#native(to));
    else unlinkSync(this.#native(from));
  }

  #isImplied(path: string): boolean {
    return this.#implied.has(path);
  }

  #settleLink(path: string, target: string): void {
    const place = this.#find(target, path);
    if (place === undefined) refuseEntry(path, `its target "${target}" is in no layer`);
    const own = this.#stat(place);
    const isOwn = own !== undefined && !this.#marks.isMark(own) && !own.isDirectory();
    // What has the target's own name here came after the link; behind a symlink of the layers below it was there before.
    const isBefore = isOwn && (this.#copied.has(place) || place !== target);
    const below = this.#belowOf(directoryOf(place)).node(nameOf(place));
    this.#touch(directoryOf(path));
    unlinkSync(this.#native(path));
    if (isBefore) linkSync(this.#native(place), this.#native(path));
    else if (below === undefined || below.type === 'directory') {
      refuseEntry(
        path,
        `its target "${target}" ${below === undefined ? 'is in no layer' : 'is a directory'}`,
      );
    } else if (own !== undefined) this.#copy(below, path);
    else {
      this.#find(target, path, { make: true });
      this.#touch(directoryOf(place));
      this.#copy(below, place);
      this.#copied.add(place);
      linkSync(this.#native(place), this.#native(path));
    }
  }

  #copy(node: TreeNode, path: string): void {
    if (!copyNode(node, this.#at(path), this.#cancel)) refuseEntry(path, `its target is a ${node.type}`);
  }

  /** Where a path of the container lies; its last name is not followed. */
  #find(path: string, entry: string, { make = false } = {}): string | undefined {
    const walk: Walk = { entry, make, symlinks: 0 };
    const directory = this.#follow('', directoryOf(path), walk);
    return directory === undefined ? undefined : joinPath(directory, nameOf(path));
  }

  /** Where `target` leads from a directory, in this layer over those below. */
  #follow(from: string, target: string, walk: Walk): string | undefined {
    let directory: string | undefined = target.startsWith('/') ? '' : from;
    for (const name of target.split('/')) {
      if (directory === undefined) return undefined;
      if (name === '' || name === '.') continue;
      directory = name === '..' ? directoryOf(directory) : this.#step(directory, name, walk);
    }
    return directory;
  }

  #step(parent: string, name: string, walk: Walk): string | undefined {
    const path = joinPath(parent, name);
    const own = this.#stat(path);
    if (own?.isDirectory()) return path;
    if (own?.isSymbolicLink()) return this.#followLink(parent, linkTargetOf(path, this.#root), walk);
    const isHidden = this.#marks.isHidden(path);
    if (own !== undefined && !isHidden)
      refuseEntry(walk.entry, `"${path}" in its path is a file and no directory`);
    const below = isHidden ? undefined : this.#belowOf(parent).node(name);
    if (below?.type === 'symlink') return this.#followLink(parent, below.linkTarget, walk);
    if (below !== undefined && below.type !== 'directory') {
      refuseEntry(walk.entry, `"${path}" in its path is a file and no directory`);
    }
    if (below === undefined && !walk.make) return undefined;
    if (walk.make) this.#makeDirectory(path, { below, isHidden });
    return path;
  }

  #followLink(parent: string, target: string, walk: Walk): string | undefined {
    walk.symlinks += 1;
    if (walk.symlinks > MAX_SYMLINKS) refuseEntry(walk.entry, 'its path goes through too many symlinks');
    return this.#follow(parent, target, walk);
  }

  #makeDirectory(
    path: string,
    { below, isHidden }: { below: TreeNode | undefined; isHidden: boolean },
  ): void {
    this.#touch(directoryOf(path));
    if (isHidden) this.#marks.unhide(path);
    mkdirSync(this.#native(path), 0o755);
    if (below === undefined) this.#times.set(path, { atime: 0n, mtime: 0n });
    else this.#takeAttributes(path, below);
    if (isHidden) this.#marks.makeOpaque(path);
    this.#implied.add(path);
  }

  /** The layers below at a directory of this one; nothing where this layer hides them. */
  #belowOf(directory: string): Below {
    let below = this.#below;
    let path = '';
    for (const name of directory === '' ? [] : directory.split('/')) {
      path = joinPath(path, name);
      const isHiding = this.#stat(path)?.isDirectory() === true && this.#marks.isOpaque(path);
      below = isHiding ? Below.nothing : below.directory(name);
      if (below.isNothing) break;
    }
    return below;
  }

  #takeAttributes(path: string, node: TreeNode): void {
    copyAttributes(node.at, this.#at(path), node.stat);
    this.#times.set(path, { atime: node.stat.atimeNs, mtime: node.stat.mtimeNs });
  }

  /** To be called before a directory gets or loses a name. */
  #touch(directory: string): void {
    if (this.#times.has(directory)) return;
    const node = TreeNode.read(this.#at(directory));
    if (node !== undefined)
      this.#times.set(directory, { atime: node.stat.atimeNs, mtime: node.stat.mtimeNs });
  }

  #restoreTimes(): void {
    for (const [path, times] of this.#times) {
      const at = this.#moved(path);
      if (this.#stat(at)?.isDirectory() === true) setTimes(this.#at(at), times);
    }
  }

  #moved(path: string): string {
    let moved = path;
    for (const { from, to } of this.moves) {
      if (!isWithin(moved, from)) continue;
      const rest = moved.slice(from.length);
      moved = to === '' ? rest.slice(1) : to + rest;
    }
    return moved;
  }

  #at(path: string): string {
    return this.#root + path;
  }

  #native(path: string): string | Buffer {
    return nativePath(this.#at(path));
  }

  #stat(path: string): Stats | undefined {
    return statOf(path, this.#root);
  }
}
