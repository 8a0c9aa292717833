import { closeSync, constants, openSync } from 'node:fs';
import {
  chmod,
  type FileHandle,
  lchown,
  link,
  mkdir,
  open,
  readdir,
  readlink,
  symlink,
} from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import {
  dataRanges,
  getXattr,
  listXattrs,
  makeNode,
  nativePath,
  openInRoot,
  type PreciseStat,
  preciseStat,
  setTimes,
  setXattr,
} from '@berth/linux';
import { bytesToPath } from '@berth/oci';
import { EngineError } from '../errors.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
/** Not among Node's constants; the same on all architectures that Node runs on. */
const O_PATH = 0o10000000;
const CHUNK_BYTES = 1024 * 1024;
/** Two descriptors are open per level; no honest tree is that deep. */
const MAX_DEPTH = 400;
/** Of an overlay itself; to copy them would let an image reach into layers of others. */
const NOT_COPIED = /^(?:trusted|user)\.overlay\./;

export interface CopyTreeOptions {
  /** The root that `path` is resolved in: links of the tree never lead out of it. */
  readonly root: string;
  readonly path: string;
  /** A folder of ours, empty. It gets the attributes of the copied folder too. */
  readonly target: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Copies a folder of an untrusted tree with owners, modes, times, extended attributes, hard links and holes.
 *
 * Folders are only ever entered by file descriptor, name by name, and no symbolic link is followed on either side: whatever
 * the tree says, reads stay in `root` and writes in `target` (CVE-2022-23648).
 *
 * @returns how many entries there were; `undefined`: `path` is not there
 * @throws {EngineError} `VOLUME_INVALID` when `path` is a file, or deeper than any honest tree
 */
export async function copyTree(options: CopyTreeOptions): Promise<number | undefined> {
  const source = openSource(options);
  if (source === undefined) return undefined;
  try {
    const target = openSync(options.target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      const copy = new TreeCopy(target, options.signal);
      await copy.folder({ source, target }, 0, '');
      // "." of what a descriptor is open on leads through no symbolic link.
      await copyAttributes(`${at(source)}/.`, `${at(target)}/.`);
      return copy.entries;
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

function openSource({ root, path }: CopyTreeOptions): number | undefined {
  try {
    return openInRoot(root, path, { directory: true });
  } catch (error) {
    if (!hasCode(error)) throw error;
    if (error.code === 'ENOENT') return undefined;
    if (error.code !== 'ENOTDIR') throw error;
    throw new EngineError('VOLUME_INVALID', `cannot mount volume over existing file, file exists ${path}`);
  }
}

interface Folders {
  readonly source: number;
  readonly target: number;
}

/** The path of what a descriptor of this process is open on. Threads of the pool share descriptors. */
function at(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

class TreeCopy {
  entries = 0;
  readonly #root: number;
  readonly #signal: AbortSignal | undefined;
  /** Where the first name of a file with several was put, by device and inode. */
  readonly #links = new Map<string, string>();

  constructor(root: number, signal: AbortSignal | undefined) {
    this.#root = root;
    this.#signal = signal;
  }

  async folder(folders: Folders, depth: number, path: string): Promise<void> {
    if (depth > MAX_DEPTH) {
      throw new EngineError('VOLUME_INVALID', `Cannot fill the volume: "${path.slice(0, 80)}…" is too deep`);
    }
    for (const bytes of await readdir(at(folders.source), { encoding: 'buffer' })) {
      this.#signal?.throwIfAborted();
      this.entries += 1;
      const name = bytesToPath(bytes);
      await this.#entry(folders, { name, path: path === '' ? name : `${path}/${name}`, depth });
    }
  }

  async #entry(
    folders: Folders,
    { name, path, depth }: { readonly name: string; readonly path: string; readonly depth: number },
  ): Promise<void> {
    const paths = { from: `${at(folders.source)}/${name}`, to: `${at(folders.target)}/${name}` };
    const stat = preciseStat(paths.from);
    if (stat.kind !== 'directory' && stat.nlink > 1 && (await this.#linked(stat, path, paths.to))) return;
    switch (stat.kind) {
      case 'directory':
        await mkdir(nativePath(paths.to), { mode: 0o700 });
        await this.#below(paths, depth, path);
        break;
      case 'file':
        await this.#file(stat, paths);
        break;
      case 'symlink':
        await symlink(await readlink(nativePath(paths.from), { encoding: 'buffer' }), nativePath(paths.to));
        break;
      case 'char':
      case 'block':
      case 'fifo':
        makeNode(paths.to, { type: stat.kind, mode: 0, major: stat.major, minor: stat.minor });
        break;
      case 'socket':
        // Nobody listens on a socket of an image.
        return;
    }
    await copyAttributes(paths.from, paths.to, stat);
  }

  async #below(
    { from, to }: { readonly from: string; readonly to: string },
    depth: number,
    path: string,
  ): Promise<void> {
    const source = openSync(nativePath(from), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      const target = openSync(nativePath(to), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      try {
        await this.folder({ source, target }, depth + 1, path);
      } finally {
        closeSync(target);
      }
    } finally {
      closeSync(source);
    }
  }

  async #file(
    stat: PreciseStat,
    { from, to }: { readonly from: string; readonly to: string },
  ): Promise<void> {
    await using source = await open(nativePath(from), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    await using target = await open(nativePath(to), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    for (const { offset, length } of dataRanges(source.fd, stat.size)) {
      await this.#range(source, target, { offset, length });
    }
    await target.truncate(stat.size);
  }

  async #range(
    source: FileHandle,
    target: FileHandle,
    { offset, length }: { readonly offset: number; readonly length: number },
  ): Promise<void> {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, length));
    for (let position = offset; position < offset + length; ) {
      this.#signal?.throwIfAborted();
      const wanted = Math.min(buffer.length, offset + length - position);
      const { bytesRead } = await source.read(buffer, 0, wanted, position);
      if (bytesRead === 0) return;
      // More than one call where the kernel takes fewer.
      for (let done = 0; done < bytesRead; ) {
        done += (await target.write(buffer, done, bytesRead - done, position + done)).bytesWritten;
      }
      position += bytesRead;
    }
  }

  /** Links a later name of a file to its first. @returns `false`: this is the first */
  async #linked(stat: PreciseStat, path: string, to: string): Promise<boolean> {
    const key = `${stat.dev}:${stat.ino}`;
    const first = this.#links.get(key);
    if (first === undefined) {
      this.#links.set(key, path);
      return false;
    }
    // Opened on the way down: a name of the target that became a link meanwhile is not followed.
    const folder = this.#openBelow(first.split('/').slice(0, -1));
    try {
      await link(nativePath(`${at(folder)}/${first.split('/').at(-1)}`), nativePath(to));
    } finally {
      closeSync(folder);
    }
    return true;
  }

  #openBelow(names: readonly string[]): number {
    let fd = openSync(`${at(this.#root)}/.`, O_RDONLY | O_DIRECTORY);
    for (const name of names) {
      const parent = fd;
      try {
        fd = openSync(nativePath(`${at(parent)}/${name}`), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      } finally {
        closeSync(parent);
      }
    }
    return fd;
  }
}

/** Owner before mode (a change of owner takes setuid away), times last. No link is followed. */
export async function copyAttributes(
  from: string,
  to: string,
  stat: PreciseStat = preciseStat(from),
): Promise<void> {
  await lchown(nativePath(to), stat.uid, stat.gid);
  if (stat.kind !== 'symlink') await setMode(to, stat.mode);
  for (const name of listXattrs(from)) {
    if (NOT_COPIED.test(name)) continue;
    const value = getXattr(from, name);
    if (value !== undefined) copyXattr(to, name, value);
  }
  setTimes(to, { atime: stat.atimeNs, mtime: stat.mtimeNs });
}

/** chmod(2) would follow a link that somebody put there meanwhile; by a descriptor of the name itself there is nothing to follow. */
async function setMode(path: string, mode: number): Promise<void> {
  const fd = openSync(nativePath(path), O_PATH | O_NOFOLLOW);
  try {
    await chmod(at(fd), mode);
  } finally {
    closeSync(fd);
  }
}

function copyXattr(path: string, name: string, value: Uint8Array): void {
  try {
    setXattr(path, name, value);
  } catch (error) {
    // The volume's file system has none: the data is worth more than its labels.
    if (!hasCode(error) || error.code !== 'EOPNOTSUPP') throw error;
  }
}
