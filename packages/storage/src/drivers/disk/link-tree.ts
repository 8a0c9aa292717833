import { linkSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { setTimes } from '@berth/linux';
import { bytesToPath } from '@berth/oci';
import { copyAttributes } from './copy-attributes.ts';
import { FileCopier } from './copy-file.ts';
import { copyNode } from './copy-tree.ts';
import { type WalkBudget, WalkFolder } from './walk.ts';

/** A file has as many names as its file system allows (ext4: 65,000), or the immutable flag, with which it gets no more. */
const NO_MORE_NAMES = new Set(['EMLINK', 'EPERM']);

/** @see DiskWork.linkTree */
export function linkTree(source: string, target: string, budget: WalkBudget): void {
  const linking = new Linking(`${target}.copies`, budget);
  linking.folder(Buffer.from(source), Buffer.from(target));
  linking.finish(Buffer.from(target));
}

/** Paths are buffers, and names in folders that are open: however deep a tree is, no path gets too long. */
class Linking {
  readonly #budget: WalkBudget;
  readonly #files = new FileCopier();
  /** Where what gets no more names is copied to, to be linked from there. */
  readonly #aside: string;
  /** By the inode that it is a copy of. */
  readonly #copies = new Map<string, string>();
  #count = 0;

  constructor(aside: string, budget: WalkBudget) {
    this.#aside = aside;
    this.#budget = budget;
  }

  folder(source: Buffer, target: Buffer): void {
    mkdirSync(target, { mode: 0o700 });
    {
      using from = new WalkFolder(source);
      using to = new WalkFolder(target);
      for (const { name, isFolder, isSocket } of from.entries()) {
        this.#budget.spend();
        if (isFolder) this.folder(from.child(name), to.child(name));
        else if (!isSocket) this.#link(from.child(name), to.child(name));
      }
    }
    copyAttributes(bytesToPath(source), bytesToPath(target), lstatSync(source, { bigint: true }));
  }

  finish(target: Buffer): void {
    if (this.#copies.size === 0) return;
    this.#regroup(target);
    rmSync(this.#aside, { recursive: true });
  }

  #link(source: Buffer, target: Buffer): void {
    try {
      linkSync(source, target);
    } catch (error) {
      if (!isFull(error)) throw error;
      const { dev, ino } = lstatSync(source);
      this.#linkCopy(`${dev}:${ino}`, { source, target });
    }
  }

  #linkCopy(inode: string, { source, target }: { readonly source: Buffer; readonly target: Buffer }): void {
    const known = this.#copies.get(inode);
    try {
      if (known !== undefined) {
        linkSync(known, target);
        return;
      }
    } catch (error) {
      if (!isFull(error)) throw error;
    }
    if (this.#count === 0) mkdirSync(this.#aside, { mode: 0o700 });
    const copy = `${this.#aside}/${this.#count++}`;
    copyNode(bytesToPath(source), copy, this.#files);
    this.#copies.set(inode, copy);
    linkSync(copy, target);
  }

  /** Names of one file that were linked before there were too many become names of its copy: they stay one file. */
  #regroup(path: Buffer): void {
    using folder = new WalkFolder(path);
    const { atimeNs, mtimeNs } = lstatSync(path, { bigint: true });
    let isChanged = false;
    for (const { name, isFolder } of folder.entries()) {
      this.#budget.spend();
      const child = folder.child(name);
      if (isFolder) this.#regroup(child);
      else isChanged = this.#useCopy(child) || isChanged;
    }
    if (isChanged) setTimes(bytesToPath(folder.child(Buffer.from('.'))), { atime: atimeNs, mtime: mtimeNs });
  }

  #useCopy(path: Buffer): boolean {
    const { dev, ino } = lstatSync(path);
    const copy = this.#copies.get(`${dev}:${ino}`);
    if (copy === undefined) return false;
    const before = `${this.#aside}/before`;
    renameSync(path, before);
    try {
      linkSync(copy, path);
    } catch (error) {
      if (!isFull(error)) throw error;
      renameSync(before, path);
    }
    rmSync(before, { force: true });
    return true;
  }
}

function isFull(error: unknown): boolean {
  return hasCode(error) && NO_MORE_NAMES.has(error.code);
}
