import { closeSync, constants, openSync, type Stats, unlinkSync } from 'node:fs';
import { getXattr, makeNode, nativePath, setXattr } from '@berth/linux';
import { pathToBytes, WHITEOUT_OPAQUE, WHITEOUT_PREFIX, whiteoutPath } from '@berth/oci';
import { MOUNT_XATTR, OVERLAY_OPAQUE, OVERLAY_XATTR } from '../../drivers/disk/copy-attributes.ts';
import type { WhiteoutNotation } from '../../drivers/interface.ts';
import { joinPath, nameOf } from '../names.ts';
import { statOf } from './jail.ts';

/** How a folder of changes says that something below is gone. `root` is a prefix of paths: `/` in a jail. */
export interface Marks {
  /** A mark has a name of its own, so that it and what it hides can lie side by side; it must be looked for then. */
  readonly areApart: boolean;
  /** Hides `path`, where nothing is. */
  hide(path: string): void;
  /** Hides what is below in a directory. */
  makeOpaque(directory: string): void;
  isOpaque(directory: string): boolean;
  /** Whether what `lstat` shows is a mark and no file. */
  isMark(stat: Stats): boolean;
  /** Whether there is a mark on `path`. */
  isHidden(path: string): boolean;
  /** Takes the mark on `path` away. @returns whether there was one */
  unhide(path: string): boolean;
  /** Refuses what would be a mark itself. @returns why */
  refusal(entry: MarkCandidate): string | undefined;
}

export interface MarkCandidate {
  readonly type: string;
  readonly devMajor: number;
  readonly devMinor: number;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

export function marksOf(notation: WhiteoutNotation, root: string): Marks {
  return notation === 'overlay' ? new OverlayMarks(root) : new AufsMarks(root);
}

/** @see Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories" */
class OverlayMarks implements Marks {
  readonly areApart = false;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  hide(path: string): void {
    makeNode(this.#root + path, { type: 'char', mode: 0, major: 0, minor: 0 });
  }

  makeOpaque(directory: string): void {
    setXattr(this.#root + directory, OVERLAY_OPAQUE, Buffer.from('y'));
  }

  isOpaque(directory: string): boolean {
    return getXattr(this.#root + directory, OVERLAY_OPAQUE)?.toString() === 'y';
  }

  isMark(stat: Stats): boolean {
    return stat.isCharacterDevice() && stat.rdev === 0;
  }

  isHidden(path: string): boolean {
    const stat = statOf(path, this.#root);
    return stat !== undefined && this.isMark(stat);
  }

  unhide(path: string): boolean {
    if (!this.isHidden(path)) return false;
    unlinkSync(nativePath(this.#root + path));
    return true;
  }

  refusal(entry: MarkCandidate): string | undefined {
    return refusalOf(entry, OVERLAY_XATTR);
  }
}

/**
 * Names with `.wh.` before them. No file of an image can have such a name. What is refused is what fuse-overlayfs, which mounts such
 * folders where the kernel has no aufs, would take for marks of its own.
 */
class AufsMarks implements Marks {
  readonly areApart = true;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  hide(path: string): void {
    this.#touch(whiteoutPath(path));
  }

  makeOpaque(directory: string): void {
    this.#touch(joinPath(directory, WHITEOUT_OPAQUE));
  }

  isOpaque(directory: string): boolean {
    return statOf(joinPath(directory, WHITEOUT_OPAQUE), this.#root) !== undefined;
  }

  isMark(): boolean {
    return false;
  }

  isHidden(path: string): boolean {
    return canHaveMark(path) && statOf(whiteoutPath(path), this.#root) !== undefined;
  }

  unhide(path: string): boolean {
    if (!this.isHidden(path)) return false;
    unlinkSync(nativePath(this.#root + whiteoutPath(path)));
    return true;
  }

  refusal(entry: MarkCandidate): string | undefined {
    return refusalOf(entry, MOUNT_XATTR);
  }

  #touch(path: string): void {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW;
    closeSync(openSync(nativePath(this.#root + path), flags, 0o444));
  }
}

function refusalOf({ type, devMajor, devMinor, xattrs }: MarkCandidate, marks: RegExp): string | undefined {
  if (type === 'char' && devMajor === 0 && devMinor === 0) {
    return 'a character device 0:0 would hide a file of the layers below';
  }
  const name = xattrs.size === 0 ? undefined : [...xattrs.keys()].find((key) => marks.test(key));
  return name === undefined ? undefined : `its attribute "${name}" would give it files of other layers`;
}

/** A name of 252 bytes and more leaves no room for the prefix: nothing can hide it. @see NAME_MAX and PATH_MAX, limits.h */
function canHaveMark(path: string): boolean {
  const prefixBytes = WHITEOUT_PREFIX.length;
  return (
    path.length * 3 + prefixBytes < 255 ||
    (pathToBytes(nameOf(path)).length + prefixBytes <= 255 && pathToBytes(path).length + prefixBytes < 4095)
  );
}
