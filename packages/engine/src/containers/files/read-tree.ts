import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { getXattr, listXattrs, nativePath, type PreciseStat, preciseStat } from '@berth/linux';
import { bytesToPath, makeTarEntry, type TarEntry, type TarInput } from '@berth/oci';

const CHUNK_BYTES = 256 * 1024;

export interface ReadTreeOptions {
  /** The name of the first entry; `undefined`: the folder itself is left out, and names have nothing before them. */
  readonly name: string | undefined;
  /** Called once per entry and chunk; throws when the job is to be left. */
  readonly check: () => void;
}

/**
 * What lies at a path, depth first and in the order of bytes, as input for `writeTar`. Sockets are left out, as tar knows none;
 * so is what disappears while it is read.
 */
export function* readTree(path: string, options: ReadTreeOptions): Generator<TarInput, void, undefined> {
  yield* new TreeReader(options.check).read(path, options.name);
}

class TreeReader {
  readonly #check: () => void;
  /** Where a file with several names was met first. */
  readonly #links = new Map<string, string>();

  constructor(check: () => void) {
    this.#check = check;
  }

  *read(path: string, name: string | undefined): Generator<TarInput, void, undefined> {
    this.#check();
    const stat = statIfThere(path);
    if (stat === undefined || stat.kind === 'socket') return;
    if (name !== undefined) {
      const input = this.#input(path, name, stat);
      if (input === undefined) return;
      yield input;
    }
    if (stat.kind !== 'directory') return;
    for (const child of namesIn(path)) {
      yield* this.read(path === '/' ? `/${child}` : `${path}/${child}`, childName(name, child));
    }
  }

  #input(path: string, name: string, stat: PreciseStat): TarInput | undefined {
    const key = `${stat.dev}:${stat.ino}`;
    const first = stat.kind !== 'directory' && stat.nlink > 1 ? this.#links.get(key) : undefined;
    const common = {
      path: stat.kind === 'directory' && !name.endsWith('/') ? `${name}/` : name,
      mode: stat.mode,
      uid: stat.uid,
      gid: stat.gid,
      mtime: stat.mtimeNs,
    };
    if (first !== undefined) return { entry: makeTarEntry({ ...common, type: 'hardlink', linkPath: first }) };
    if (stat.kind !== 'directory' && stat.nlink > 1) this.#links.set(key, name);
    const xattrs = xattrsOf(path);
    switch (stat.kind) {
      case 'file':
        return {
          entry: makeTarEntry({ ...common, xattrs, type: 'file', size: stat.size }),
          content: this.#content(path, stat),
        };
      case 'symlink': {
        const linkPath = linkIfThere(path);
        return linkPath === undefined
          ? undefined
          : { entry: makeTarEntry({ ...common, xattrs, type: 'symlink', linkPath }) };
      }
      case 'char':
      case 'block':
        return {
          entry: makeTarEntry({ ...common, type: stat.kind, devMajor: stat.major, devMinor: stat.minor }),
        };
      default:
        return { entry: makeTarEntry({ ...common, xattrs, type: stat.kind as TarEntry['type'] }) };
    }
  }

  /** Exactly as many bytes as the header says: what was appended meanwhile is left out, what was cut off is zeros, as with GNU tar. */
  *#content(path: string, stat: PreciseStat): Generator<Uint8Array, void, undefined> {
    const fd = openIfSame(path, stat);
    let left = stat.size;
    try {
      while (left > 0) {
        this.#check();
        const buffer = Buffer.allocUnsafeSlow(Math.min(left, CHUNK_BYTES));
        const read = fd === undefined ? 0 : readSync(fd, buffer, 0, buffer.length, null);
        const bytes = read === 0 ? buffer.fill(0) : buffer.subarray(0, read);
        left -= bytes.length;
        yield bytes;
      }
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
}

function childName(name: string | undefined, child: string): string {
  if (name === undefined || name === '') return child;
  return name.endsWith('/') ? `${name}${child}` : `${name}/${child}`;
}

function statIfThere(path: string): PreciseStat | undefined {
  return ifThere(() => preciseStat(path));
}

function linkIfThere(path: string): string | undefined {
  return ifThere(() => bytesToPath(readlinkSync(nativePath(path), { encoding: 'buffer' })));
}

function namesIn(path: string): readonly string[] {
  const names = ifThere(() => readdirSync(nativePath(path), { encoding: 'buffer' })) ?? [];
  return names.sort(Buffer.compare).map(bytesToPath);
}

/** The file may be another one by now: a FIFO that would block, a link that leads elsewhere. */
function openIfSame(path: string, stat: PreciseStat): number | undefined {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const fd = ifThere(() => openSync(nativePath(path), flags));
  if (fd === undefined) return undefined;
  const now = fstatSync(fd, { bigint: true });
  if (now.isFile() && now.ino === stat.ino && now.dev === stat.dev) return fd;
  closeSync(fd);
  return undefined;
}

/** Those that mean something elsewhere; `trusted.*` is of overlay and of this machine. */
function xattrsOf(path: string): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const names = ifThere(() => listXattrs(path), ['ENOTSUP', 'EOPNOTSUPP']) ?? [];
  for (const name of names) {
    if (name !== 'security.capability' && !name.startsWith('user.')) continue;
    const value = ifThere(() => getXattr(path, name));
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

const GONE = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EINVAL', 'ESTALE'];

function ifThere<T>(look: () => T, more: readonly string[] = []): T | undefined {
  try {
    return look();
  } catch (error) {
    if (hasCode(error) && (GONE.includes(error.code) || more.includes(error.code))) return undefined;
    throw error;
  }
}
