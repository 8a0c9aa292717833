import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { deviceMajorMinor, getXattr, listXattrs, nativePath } from '@berth/linux';
import { bytesToPath } from '@berth/oci';
import { MOUNT_XATTR } from '../../drivers/disk/copy-attributes.ts';

export type NodeType = 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo' | 'socket';

/** EINVAL: no symlink any more. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL']);

/** One thing in a tree, looked at once; what is dear is read when it is asked for. */
export class TreeNode {
  /** Where it was seen; no symlink is followed to get there. */
  readonly at: string;
  readonly stat: BigIntStats;
  readonly type: NodeType;
  #xattrs: ReadonlyMap<string, Buffer> | undefined;
  #linkTarget: string | undefined;

  private constructor(at: string, stat: BigIntStats) {
    this.at = at;
    this.stat = stat;
    this.type = typeOf(stat);
  }

  /** `undefined`: nothing is there (any more). */
  static read(at: string): TreeNode | undefined {
    const stat = lstatSync(nativePath(at), { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? undefined : new TreeNode(at, stat);
  }

  /**
   * Reads all that can be read, so that what the node says later does not depend on what happens to it.
   * @returns false when it is gone or something else by now
   */
  load(): boolean {
    try {
      if (this.type === 'symlink') void this.linkTarget;
      void this.xattrs;
      return true;
    } catch (error) {
      if (hasCode(error) && GONE.has(error.code)) return false;
      throw error;
    }
  }

  get mode(): number {
    return Number(this.stat.mode & 0o7777n);
  }

  get linkTarget(): string {
    this.#linkTarget ??= bytesToPath(readlinkSync(nativePath(this.at), { encoding: 'buffer' }));
    return this.#linkTarget;
  }

  /** Those that belong to the file: not what the mount or this machine's policy put there. */
  get xattrs(): ReadonlyMap<string, Buffer> {
    this.#xattrs ??= readXattrs(this.at);
    return this.#xattrs;
  }

  get device(): { readonly major: number; readonly minor: number } {
    return deviceMajorMinor(this.stat.rdev);
  }

  /** A name for the inode, the same for all its hard links. */
  get inode(): string {
    return `${this.stat.dev}:${this.stat.ino}`;
  }
}

function typeOf(stat: BigIntStats): NodeType {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'char';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : 'socket';
}

function readXattrs(at: string): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const name of listXattrs(at)) {
    if (MOUNT_XATTR.test(name) || name === 'security.selinux') continue;
    const value = getXattr(at, name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}
