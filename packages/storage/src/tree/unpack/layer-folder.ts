import {
  chmodSync,
  closeSync,
  constants,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  rmdirSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { dataRanges, nativePath, setTimes } from '@berth/linux';
import { isWhiteout } from '@berth/oci';
import type { LayerForm } from '../../drivers/interface.ts';
import { refuseEntry } from '../failure.ts';
import type { SettleNotes } from '../interface.ts';
import { directoryOf, joinPath } from '../names.ts';
import type { TarSplitWriter } from '../tar-split/writer.ts';
import type { CancelFlag } from '../threads/cancel-flag.ts';
import { applyXattr, DEFAULT_ACL, removeOtherXattrs } from './attributes.ts';
import type { Budget } from './budget.ts';
import { inJail, JAIL_ROOT, namesIn, statOf } from './jail.ts';
import { type Marks, marksOf } from './marks.ts';

/** What a directory gets when all is in it. */
interface DirectoryEnd {
  readonly mtime: bigint;
  readonly atime: bigint | undefined;
  readonly defaultAcl?: Uint8Array | undefined;
}

export interface LayerFolderOptions {
  readonly form: LayerForm;
  readonly split: TarSplitWriter;
  readonly budget: Budget;
  readonly cancel: CancelFlag;
}

/** What was at a path before it was cleared. */
export type Found = 'nothing' | 'mark' | 'directory' | 'other';

const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();
const SAVE_BYTES = 512 * 1024;

/** The folder that a layer is unpacked into, from inside its jail, and what must be known of it until the end. */
export class LayerFolder {
  /** `undefined`: the folder is the whole tree, and what is hidden is removed. */
  readonly marks: Marks | undefined;
  readonly #split: TarSplitWriter;
  readonly #budget: Budget;
  readonly #cancel: CancelFlag;
  readonly #ends = new Map<string, DirectoryEnd>();
  /** Directories that no entry has made, and whose path in the layers below still counts. */
  readonly #implied = new Set<string>();
  /** Those whose path in the layers below is hidden. */
  readonly #hidden = new Set<string>();
  readonly #foreign = new Map<string, string>();
  readonly #setgid = new Set<string>();
  /** In a whole tree: what this layer has put there. */
  readonly #made: Set<string> | undefined;
  #onStructureChange = (): void => {};

  constructor({ form, split, budget, cancel }: LayerFolderOptions) {
    this.marks = form.form === 'tree' ? undefined : marksOf(form.whiteouts, JAIL_ROOT);
    this.#made = form.form === 'tree' ? new Set() : undefined;
    this.#split = split;
    this.#budget = budget;
    this.#cancel = cancel;
    if (this.#made === undefined) {
      this.#implied.add('');
      this.#ends.set('', { mtime: 0n, atime: 0n });
    }
  }

  /** Called when a directory or a symlink goes away: what was resolved before may be wrong now. */
  set onStructureChange(listener: () => void) {
    this.#onStructureChange = listener;
  }

  /** Whether this layer has put it there; in a folder of changes it has put all there. */
  isMade(path: string): boolean {
    return this.#made?.has(path) ?? true;
  }

  /** To be called before a name is added to a directory or taken from it. */
  touch(directory: string): void {
    if (this.#made === undefined || this.#ends.has(directory)) return;
    const stat = lstatSync(nativePath(inJail(directory)), { bigint: true });
    this.#end(directory, { mtime: stat.mtimeNs, atime: stat.atimeNs });
  }

  /** To be called when something new is at a path. */
  madeAt(path: string): void {
    if (this.#made === undefined) return;
    this.#budget.remember(path);
    this.#made.add(path);
  }

  /** Makes a directory that an entry needs and no entry has made. */
  makeImplied(path: string): void {
    this.#budget.entry(path);
    this.touch(directoryOf(path));
    mkdirSync(nativePath(inJail(path)), 0o755);
    this.resetToImplied(path);
    this.madeAt(path);
  }

  /** A directory of this layer stands where a whiteout hides what was below. */
  hideBelow(directory: string): void {
    this.marks?.makeOpaque(directory);
    if (this.#implied.delete(directory)) this.#hidden.add(directory);
  }

  /** Gives a directory what an implied one has. */
  resetToImplied(path: string): void {
    const isBelowSetgid = this.#made !== undefined || this.#setgid.size > 0;
    if (isBelowSetgid) {
      lchownSync(nativePath(inJail(path)), 0, 0);
      chmodSync(nativePath(inJail(path)), 0o755);
      removeOtherXattrs(inJail(path), NO_XATTRS);
    }
    this.#implied.add(path);
    this.#end(path, { mtime: 0n, atime: 0n });
  }

  /** A directory has an entry of its own: it is implied no more. */
  describeDirectory(path: string, end: DirectoryEnd & { readonly mode: number }): void {
    this.#implied.delete(path);
    this.#hidden.delete(path);
    this.#end(path, end);
    if ((end.mode & 0o2000) !== 0) this.#setgid.add(path);
    else this.#setgid.delete(path);
  }

  /** Whether what is made in a directory may belong to another group than ours. */
  inheritsGroup(directory: string): boolean {
    return this.#made !== undefined || this.#setgid.has(directory);
  }

  addForeignLink(path: string, target: string): void {
    this.#budget.remember(path);
    this.#budget.remember(target);
    this.#foreign.set(path, target);
  }

  foreignTargetOf(path: string): string | undefined {
    return this.#foreign.get(path);
  }

  /** Makes way at a path for a new entry. A directory stays for a directory. */
  clear(path: string, { forDirectory }: { readonly forDirectory: boolean }): Found {
    const hadMark = this.marks?.unhide(path) ?? false;
    const stat = hadMark ? undefined : statOf(path);
    if (stat === undefined) return hadMark ? 'mark' : 'nothing';
    if (stat.isDirectory() && forDirectory) return 'directory';
    this.remove(path, stat);
    return 'other';
  }

  /** Removes a file, or a directory with all in it. Contents that the tar had are kept in the tar-split file. */
  remove(path: string, stat: Stats): void {
    this.#cancel.throwIfSet();
    this.touch(directoryOf(path));
    if (stat.isDirectory()) {
      for (const name of namesIn(path)) {
        const child = joinPath(path, name);
        const childStat = statOf(child);
        if (childStat !== undefined) this.remove(child, childStat);
      }
      rmdirSync(nativePath(inJail(path)));
      this.#onStructureChange();
    } else {
      if (stat.isFile() && stat.size > 0 && this.isMade(path)) this.#save(path, stat.size);
      unlinkSync(nativePath(inJail(path)));
      if (stat.isSymbolicLink()) this.#onStructureChange();
    }
    this.#forget(path);
  }

  /**
   * Removes what was in a whole tree before this layer; what this layer made stays, and the directories it lies in.
   * @returns whether something stayed
   */
  removeOld(path: string, stat: Stats): boolean {
    this.#cancel.throwIfSet();
    if (!stat.isDirectory()) {
      if (!this.isMade(path)) this.remove(path, stat);
      return this.isMade(path);
    }
    const hasKept = this.removeOldIn(path);
    if (this.isMade(path)) return true;
    if (!hasKept) this.remove(path, stat);
    else this.#replaceOldDirectory(path);
    return hasKept;
  }

  /** As `removeOld`, for all that is in a directory. */
  removeOldIn(directory: string): boolean {
    this.touch(directory);
    let hasKept = false;
    for (const name of namesIn(directory)) {
      const child = joinPath(directory, name);
      const stat = statOf(child);
      if (stat !== undefined && this.removeOld(child, stat)) hasKept = true;
    }
    return hasKept;
  }

  /** Directories get their times, now that nothing is added any more. */
  finish(): SettleNotes {
    for (const path of [...this.#hidden].reverse()) this.#pruneHidden(path);
    for (const [path, { mtime, atime, defaultAcl }] of this.#ends) {
      this.#cancel.throwIfSet();
      const at = inJail(path);
      if (defaultAcl !== undefined) {
        applyXattr(at, { name: DEFAULT_ACL, value: defaultAcl, entry: { type: 'directory' } });
      }
      setTimes(at, { mtime, atime: atime ?? mtime });
    }
    if (this.#made !== undefined) return { impliedDirectories: [], foreignLinks: [] };
    return {
      impliedDirectories: [...this.#implied],
      foreignLinks: [...this.#foreign].map(([path, target]) => ({ path, target })),
    };
  }

  /** What only hides things in a directory that is hidden itself needs no directory. */
  #pruneHidden(path: string): void {
    const { marks } = this;
    const names = namesIn(path);
    const isMark = (name: string) => {
      const stat = statOf(joinPath(path, name));
      return stat === undefined || marks?.isMark(stat) === true || isWhiteout(name);
    };
    if (marks === undefined || !names.every(isMark)) return;
    for (const name of names) unlinkSync(nativePath(inJail(joinPath(path, name))));
    rmdirSync(nativePath(inJail(path)));
    this.#forget(path);
    marks.hide(path);
  }

  /** The directory of a layer below is gone, but this layer has something at its path. */
  #replaceOldDirectory(path: string): void {
    this.resetToImplied(path);
    this.madeAt(path);
  }

  #end(path: string, end: DirectoryEnd): void {
    if (!this.#ends.has(path)) this.#budget.remember(path);
    this.#ends.set(path, end);
  }

  #forget(path: string): void {
    this.#ends.delete(path);
    this.#implied.delete(path);
    this.#hidden.delete(path);
    this.#foreign.delete(path);
    this.#setgid.delete(path);
    this.#made?.delete(path);
  }

  #save(path: string, size: number): void {
    const fd = openSync(nativePath(inJail(path)), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const buffer = Buffer.allocUnsafeSlow(SAVE_BYTES);
      for (const { offset, length } of dataRanges(fd, size)) {
        for (let done = 0; done < length; ) {
          this.#cancel.throwIfSet();
          const read = readSync(fd, buffer, 0, Math.min(buffer.length, length - done), offset + done);
          if (read === 0) return;
          if (!this.#split.save(path, offset + done, buffer.subarray(0, read))) {
            refuseEntry(path, 'the names of one file are replaced again and again');
          }
          done += read;
        }
      }
    } finally {
      closeSync(fd);
    }
  }
}
