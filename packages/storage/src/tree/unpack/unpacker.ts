import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
} from 'node:fs';
import { hasCode } from '@berth/errors';
import { makeNode, nativePath } from '@berth/linux';
import { cleanEntryPath, readWhiteout, type TarEntry, type TarItem } from '@berth/oci';
import { TreeNode } from '../compare/tree-node.ts';
import { refuseEntry } from '../failure.ts';
import { directoryOf, isWithin, joinPath, nameOf } from '../names.ts';
import { copyNode } from '../settle/copy-node.ts';
import type { TarSplitWriter } from '../tar-split/writer.ts';
import type { CancelFlag } from '../threads/cancel-flag.ts';
import { applyAttributes, applyTimes, DEFAULT_ACL, removeOtherXattrs } from './attributes.ts';
import { AufsLinks } from './aufs-links.ts';
import type { Budget } from './budget.ts';
import { inJail, statOf } from './jail.ts';
import type { LayerFolder } from './layer-folder.ts';
import { Places } from './places.ts';
import { writeContent } from './write-content.ts';

export interface UnpackerOptions {
  readonly folder: LayerFolder;
  readonly split: TarSplitWriter;
  readonly budget: Budget;
  readonly cancel: CancelFlag;
}

/** Applies the entries of one layer, in their order, from inside its jail. */
export class Unpacker {
  readonly #folder: LayerFolder;
  readonly #places: Places;
  readonly #split: TarSplitWriter;
  readonly #budget: Budget;
  readonly #cancel: CancelFlag;
  readonly #aufsLinks = new AufsLinks();
  #isRootOpaque = false;
  /** Bytes of regular files. */
  sizeBytes = 0;

  constructor({ folder, split, budget, cancel }: UnpackerOptions) {
    this.#folder = folder;
    this.#places = new Places(folder);
    this.#split = split;
    this.#budget = budget;
    this.#cancel = cancel;
  }

  /** All that is below the root is hidden; no folder of changes can say that of itself. */
  get isRootOpaque(): boolean {
    return this.#isRootOpaque;
  }

  async apply({ entry, content }: TarItem): Promise<void> {
    this.#cancel.throwIfSet();
    this.#budget.entry(entry.path);
    const cleaned = cleanEntryPath(entry.path);
    if ('refused' in cleaned) {
      refuseEntry(entry.path, cleaned.refused === 'nul' ? 'its name has a NUL' : 'its path leaves the layer');
    }
    const { path } = cleaned;
    if (path === '.') return this.#root(entry);
    const whiteout = readWhiteout(path);
    if (whiteout === undefined) return await this.#ordinary(path, { entry, content });
    if (whiteout.kind === 'whiteout') this.#hide(whiteout.path, entry);
    else if (whiteout.kind === 'opaque') this.#makeOpaque(whiteout.directory, entry);
    else if (whiteout.kind === 'invalid') refuseEntry(entry.path, 'it is a whiteout that names nothing');
    else if (entry.type === 'file' && AufsLinks.isLink(path))
      return await this.#aufsLink(path, { entry, content });
    // Nothing of it is on disk, so the tar-split file has all of it.
    for await (const chunk of content) this.#split.raw(chunk);
  }

  finish(): void {
    this.#aufsLinks.remove();
  }

  #root(entry: TarEntry): void {
    if (entry.type !== 'directory') refuseEntry(entry.path, `a ${entry.type} cannot be the root of a layer`);
    this.#refuseMark(entry);
    this.#describe('', entry, { isNew: false });
  }

  async #ordinary(path: string, { entry, content }: TarItem): Promise<void> {
    this.#refuseMark(entry);
    const directory = this.#places.directory(directoryOf(path), entry.path);
    const place = joinPath(directory, nameOf(path));
    this.#folder.touch(directory);
    switch (entry.type) {
      case 'directory':
        return this.#directory(place, entry);
      case 'file':
        return await this.#file(place, { entry, content });
      case 'hardlink':
        return this.#hardLink(place, entry);
      case 'symlink':
        this.#place(place, entry, (at) => symlinkSync(nativePath(entry.linkPath), at));
        return this.#finishNode(place, entry, { hasMode: true });
      case 'char':
      case 'block':
      case 'fifo': {
        const { type, devMajor, devMinor } = entry;
        const device = type === 'fifo' ? {} : { major: devMajor, minor: devMinor };
        this.#place(place, entry, () => makeNode(inJail(place), { type, mode: entry.mode, ...device }));
        return this.#finishNode(place, entry, { hasMode: true });
      }
      default:
        throw new Error(`A tar entry has the type ${JSON.stringify(entry.type satisfies never)}`);
    }
  }

  #refuseMark(entry: TarEntry): void {
    const why = this.#folder.marks?.refusal(entry);
    if (why !== undefined) refuseEntry(entry.path, why);
  }

  /** Makes something new at a path; what was there goes. */
  #place(path: string, entry: TarEntry, make: (at: string | Buffer) => void): void {
    const at = nativePath(inJail(path));
    if (this.#folder.marks?.areApart === true) this.#folder.marks.unhide(path);
    try {
      make(at);
    } catch (error) {
      if (!hasCode(error) || error.code !== 'EEXIST') throw error;
      this.#places.refuseIfFollowed(path, entry.path);
      this.#folder.clear(path, { forDirectory: false });
      make(at);
    }
    this.#folder.madeAt(path);
  }

  #finishNode(path: string, entry: TarEntry, { hasMode }: { readonly hasMode: boolean }): void {
    const at = inJail(path);
    const isOwned = !this.#folder.inheritsGroup(directoryOf(path));
    applyAttributes(at, entry, { isOwned, hasMode });
    if (this.#folder.marks === undefined && entry.type !== 'symlink') removeOtherXattrs(at, entry.xattrs);
    applyTimes(at, entry);
  }

  #directory(path: string, entry: TarEntry): void {
    this.#places.refuseIfFollowed(path, entry.path);
    const found = this.#folder.clear(path, { forDirectory: true });
    if (found !== 'directory') mkdirSync(nativePath(inJail(path)), entry.mode & 0o777);
    this.#folder.madeAt(path);
    // What was there in the layers below went when the mark or the file took its place.
    if (found === 'mark' || found === 'other') this.#folder.marks?.makeOpaque(path);
    this.#describe(path, entry, { isNew: found !== 'directory' });
  }

  #describe(path: string, entry: TarEntry, { isNew }: { readonly isNew: boolean }): void {
    const at = inJail(path);
    applyAttributes(at, entry, { isOwned: false, hasMode: false });
    if (!isNew || this.#folder.marks === undefined) removeOtherXattrs(at, entry.xattrs);
    this.#folder.describeDirectory(path, {
      mode: entry.mode,
      mtime: entry.mtime,
      atime: entry.atime,
      defaultAcl: entry.xattrs.get(DEFAULT_ACL),
    });
  }

  async #file(path: string, { entry, content }: TarItem): Promise<void> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    let fd = -1;
    this.#place(path, entry, (at) => {
      fd = openSync(at, flags, entry.mode & 0o777);
    });
    try {
      const crc = await writeContent(fd, { entry, content }, this.#cancel);
      const runs = entry.sparse ?? [{ offset: 0, length: entry.size }];
      if (runs.some(({ length }) => length > 0)) this.#split.content(path, { runs, crc });
      if (this.#folder.inheritsGroup(directoryOf(path)) || entry.uid !== 0 || entry.gid !== 0) {
        fchownSync(fd, entry.uid, entry.gid);
      }
      if (this.#folder.marks === undefined || (entry.mode & 0o7000) !== 0) fchmodSync(fd, entry.mode);
      applyTimes(fd, entry);
    } finally {
      closeSync(fd);
    }
    this.sizeBytes += entry.size;
    if (entry.xattrs.size > 0) applyAttributes(inJail(path), entry, { isOwned: true, hasMode: true });
    if (this.#folder.marks === undefined) removeOtherXattrs(inJail(path), entry.xattrs);
  }

  #hardLink(path: string, entry: TarEntry): void {
    const cleaned = cleanEntryPath(entry.linkPath);
    if ('refused' in cleaned) refuseEntry(entry.path, `its target "${entry.linkPath}" leaves the layer`);
    const isAufs = AufsLinks.isLink(cleaned.path);
    if (!isAufs && readWhiteout(cleaned.path) !== undefined)
      refuseEntry(entry.path, 'its target is a whiteout');
    const target = isAufs ? this.#aufsTarget(cleaned.path, entry) : this.#linkTarget(cleaned.path, entry);
    if (target !== undefined && isWithin(target, path)) {
      refuseEntry(entry.path, 'it is a hard link to itself, or to what it replaces');
    }
    const foreign = target === undefined ? cleaned.path : this.#folder.foreignTargetOf(target);
    if (target === undefined || foreign !== undefined)
      this.#foreignLink(path, foreign ?? cleaned.path, entry);
    else this.#linkTo(path, target, entry);
  }

  /** Where a hard link leads; `undefined` when that is not in this folder. */
  #linkTarget(path: string, entry: TarEntry): string | undefined {
    const directory = this.#places.find(directoryOf(path), entry.path);
    const target = directory === undefined ? undefined : joinPath(directory, nameOf(path));
    const stat = target === undefined ? undefined : statOf(target);
    if (stat?.isDirectory()) refuseEntry(entry.path, `its target "${entry.linkPath}" is a directory`);
    const isHidden = stat !== undefined && this.#folder.marks?.isMark(stat) === true;
    const isMissing = stat === undefined && this.#folder.marks === undefined;
    if (isHidden || isMissing) refuseEntry(entry.path, `its target "${entry.linkPath}" is not there`);
    return stat === undefined ? undefined : target;
  }

  #linkTo(path: string, target: string, entry: TarEntry): void {
    try {
      this.#place(path, entry, (at) => linkSync(nativePath(inJail(target)), at));
    } catch (error) {
      // The file system allows no more names for one file: the rest are files of their own.
      if (!hasCode(error) || error.code !== 'EMLINK') throw error;
      const node = TreeNode.read(inJail(target));
      if (node === undefined) throw error;
      this.#place(path, entry, () => copyNode(node, inJail(path), this.#cancel));
    }
  }

  /** An empty file stands for it until the layers below are there. */
  #foreignLink(path: string, target: string, entry: TarEntry): void {
    this.#place(path, entry, (at) => closeSync(openSync(at, 'wx', 0o600)));
    this.#folder.addForeignLink(path, target);
  }

  #hide(path: string, entry: TarEntry): void {
    const { marks } = this.#folder;
    const parent = directoryOf(path);
    const directory =
      marks === undefined
        ? this.#places.find(parent, entry.path)
        : this.#places.directory(parent, entry.path);
    if (directory === undefined) return;
    const place = joinPath(directory, nameOf(path));
    const stat = statOf(place);
    if (marks === undefined) {
      this.#places.refuseIfFollowed(place, entry.path);
      if (stat !== undefined) this.#folder.removeOld(place, stat);
    } else if (stat === undefined) marks.hide(place);
    else if (stat.isDirectory()) this.#folder.hideBelow(place);
  }

  #makeOpaque(path: string, entry: TarEntry): void {
    const { marks } = this.#folder;
    if (path === '.') {
      this.#isRootOpaque = true;
      if (marks === undefined) this.#folder.removeOldIn('');
      return;
    }
    if (marks !== undefined) marks.makeOpaque(this.#places.directory(path, entry.path));
    else this.#emptyDirectory(path, entry);
  }

  /** In a whole tree: all that layers below have in a directory goes. */
  #emptyDirectory(path: string, entry: TarEntry): void {
    const parent = this.#places.find(directoryOf(path), entry.path);
    const place = parent === undefined ? undefined : joinPath(parent, nameOf(path));
    const stat = place === undefined ? undefined : statOf(place);
    if (place === undefined || stat === undefined) return;
    if (stat.isDirectory()) {
      this.#folder.removeOldIn(place);
    } else if (this.#folder.isMade(place)) {
      const directory = this.#places.find(path, entry.path);
      if (directory !== undefined) this.#folder.removeOldIn(directory);
    } else {
      this.#places.refuseIfFollowed(place, entry.path);
      this.#folder.remove(place, stat);
      this.#folder.makeImplied(place);
    }
  }

  async #aufsLink(path: string, item: TarItem): Promise<void> {
    const hidden = this.#aufsLinks.add(path);
    const { entry, content } = item;
    const split = this.#split;
    async function* kept(): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of content) {
        split.raw(chunk);
        yield chunk;
      }
    }
    const fd = openSync(inJail(hidden), 'wx', 0o600);
    try {
      await writeContent(fd, { entry, content: kept() }, this.#cancel);
    } finally {
      closeSync(fd);
    }
    this.sizeBytes += entry.size;
    applyAttributes(inJail(hidden), entry, { isOwned: false, hasMode: false });
    applyTimes(inJail(hidden), entry);
  }

  #aufsTarget(path: string, entry: TarEntry): string {
    const hidden = this.#aufsLinks.find(path);
    return hidden ?? refuseEntry(entry.path, `its target "${entry.linkPath}" is not there`);
  }
}
