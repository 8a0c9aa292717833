import {
  chmodSync,
  closeSync,
  constants,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { posix } from 'node:path';
import { hasCode } from '@berth/errors';
import { makeNode, nativePath, preciseStat, setTimes, setXattr } from '@berth/linux';
import { cleanEntryPath, expandSparse, readTar, type TarEntry, type TarItem } from '@berth/oci';
import { EngineError } from '../../errors.ts';
import { followLinks } from './resolve-path.ts';

export interface WriteTreeOptions {
  readonly noOverwriteDirNonDir: boolean;
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  readonly check: () => void;
}

/**
 * Unpacks a tar into a folder of the container, which is this thread's root: whatever names and links say, nothing outside is
 * reached. Files are made anew, never written into: who has the old one open keeps it. Times of folders come last, so that what
 * is put into them does not change them.
 *
 * @throws {EngineError} `PATH_REFUSED`, `PATH_UNKNOWN` (the folder); what the file system says (`EROFS`, `ENOSPC`)
 */
export async function writeTree(
  folder: string,
  tar: AsyncIterable<Uint8Array>,
  options: WriteTreeOptions,
): Promise<void> {
  const writer = new TreeWriter(folder, options);
  for await (const item of readTar(tar)) {
    options.check();
    await writer.write(item);
  }
  writer.finish();
}

class TreeWriter {
  readonly #folder: string;
  readonly #options: WriteTreeOptions;
  readonly #folderTimes: { readonly path: string; readonly mtime: bigint }[] = [];

  constructor(folder: string, options: WriteTreeOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  async write({ entry, content }: TarItem): Promise<void> {
    const name = cleanName(entry.path);
    // The folder itself keeps what it is.
    if (name === '.') return;
    const path = this.#placeOf(name);
    if (!this.#makeRoom(path, entry)) this.#make(path, entry);
    if (entry.type === 'file') await this.#fill(path, entry, content);
    if (entry.type === 'hardlink') return;
    this.#dress(path, entry);
  }

  /** In reverse order: what lies deeper came later. */
  finish(): void {
    for (const { path, mtime } of this.#folderTimes.reverse()) {
      this.#options.check();
      ignoreGone(() => setTimes(path, { mtime }));
    }
  }

  /** Parents that are missing are made; those that are links are followed, inside the container. */
  #placeOf(name: string): string {
    const at = name.lastIndexOf('/');
    const last = name.slice(at + 1);
    const parent = followLinks(at < 0 ? this.#folder : posix.join(this.#folder, name.slice(0, at)));
    mkdirSync(nativePath(parent), { recursive: true, mode: 0o755 });
    return parent === '/' ? `/${last}` : `${parent}/${last}`;
  }

  /** @returns whether it stays: a folder over a folder */
  #makeRoom(path: string, entry: TarEntry): boolean {
    const before = lstatSync(nativePath(path), { throwIfNoEntry: false });
    if (before === undefined) return false;
    const wasFolder = before.isDirectory();
    const isFolder = entry.type === 'directory';
    if (wasFolder && isFolder) return true;
    if (this.#options.noOverwriteDirNonDir && wasFolder !== isFolder) {
      const [old, now] = wasFolder ? ['directory', 'non-directory'] : ['non-directory', 'directory'];
      throw new EngineError(
        'PATH_REFUSED',
        `cannot overwrite ${old} "${path}" with ${now} "${this.#folder}"`,
      );
    }
    rmSync(nativePath(path), { recursive: true, force: true });
    return false;
  }

  #make(path: string, entry: TarEntry): void {
    switch (entry.type) {
      case 'file':
        // Made by #fill.
        return;
      case 'directory':
        mkdirSync(nativePath(path), 0o700);
        return;
      case 'symlink':
        symlinkSync(nativePath(entry.linkPath), nativePath(path));
        return;
      case 'hardlink': {
        const target = this.#placeOf(cleanName(entry.linkPath));
        linkSync(nativePath(target), nativePath(path));
        return;
      }
      default:
        makeNode(path, { type: entry.type, mode: entry.mode, major: entry.devMajor, minor: entry.devMinor });
    }
  }

  async #fill(path: string, entry: TarEntry, content: AsyncIterable<Uint8Array>): Promise<void> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const fd = openSync(nativePath(path), flags, 0o600);
    try {
      const whole = entry.sparse === undefined ? content : expandSparse({ entry, content });
      for await (const chunk of whole) {
        this.#options.check();
        for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
      }
    } finally {
      closeSync(fd);
    }
  }

  /** Owner before mode: chown takes setuid away. */
  #dress(path: string, entry: TarEntry): void {
    const { uid, gid } = this.#options.owner ?? entry;
    lchownSync(nativePath(path), uid, gid);
    if (entry.type !== 'symlink') chmodSync(nativePath(path), entry.mode);
    for (const [name, value] of entry.xattrs) {
      if (name === 'security.capability' || name.startsWith('user.')) setXattrIfKept(path, name, value);
    }
    if (entry.type === 'directory') this.#folderTimes.push({ path, mtime: entry.mtime });
    else setTimes(path, { mtime: entry.mtime });
  }
}

function cleanName(path: string): string {
  const clean = cleanEntryPath(path);
  if ('path' in clean) return clean.path;
  throw new EngineError('PATH_REFUSED', `invalid name in archive: ${JSON.stringify(path.slice(0, 200))}`);
}

/** A tmpfs of an old kernel keeps no user attributes: no reason to keep the file out. */
function setXattrIfKept(path: string, name: string, value: Uint8Array): void {
  try {
    setXattr(path, name, value);
  } catch (error) {
    if (!hasCode(error) || !['ENOTSUP', 'EOPNOTSUPP', 'EPERM'].includes(error.code)) throw error;
  }
}

function ignoreGone(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!hasCode(error) || (error.code !== 'ENOENT' && error.code !== 'ENOTDIR')) throw error;
  }
}

/** Where an archive may be unpacked. @throws {EngineError} `PATH_UNKNOWN`, `PATH_REFUSED` */
export function extractionFolder(path: string, unknown: () => Error): string {
  const folder = followLinks(path);
  try {
    if (preciseStat(folder).kind === 'directory') return folder;
  } catch (error) {
    if (!hasCode(error) || (error.code !== 'ENOENT' && error.code !== 'ENOTDIR')) throw error;
    throw unknown();
  }
  throw new EngineError('PATH_REFUSED', 'extraction point is not a directory');
}
