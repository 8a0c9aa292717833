import { type BigIntStats, createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { bytesToPath, makeTarEntry, type TarInput } from '@berth/oci';
import { VerbError } from '../interface.ts';

const MODE_BITS = 0o7777n;
const S_IFMT = 0o170000n;
const NAMES: Readonly<Record<string, 'char' | 'block' | 'fifo'>> = {
  8192: 'char',
  24576: 'block',
  4096: 'fifo',
};

/**
 * A file or folder of this machine as entries of a tar, under another name: a folder before what is in it, names in the order of their
 * bytes, a second name of one file as a hard link. Sockets are left out, as every tar does.
 */
export async function* packFiles(
  path: string,
  name: string,
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<TarInput> {
  const seen = new Map<string, string>();
  yield* packOne(Buffer.from(path), name, seen, signal);
}

async function* packOne(
  path: Buffer,
  name: string,
  seen: Map<string, string>,
  signal: AbortSignal,
): AsyncGenerator<TarInput> {
  signal.throwIfAborted();
  const found = await lstat(path, { bigint: true });
  const common = {
    ...{ path: name, mode: Number(found.mode & MODE_BITS), uid: Number(found.uid), gid: Number(found.gid) },
    mtime: found.mtimeNs,
  };
  if (found.isDirectory()) {
    yield { entry: makeTarEntry({ ...common, type: 'directory' }) };
    for (const child of (await readdir(path, 'buffer')).sort(Buffer.compare)) {
      const below = Buffer.concat([path, Buffer.from('/'), child]);
      yield* packOne(below, `${name.replace(/\/$/, '')}/${bytesToPath(child)}`, seen, signal);
    }
  } else if (found.isSymbolicLink()) {
    const linkPath = bytesToPath(await readlink(path, 'buffer'));
    yield { entry: makeTarEntry({ ...common, type: 'symlink', linkPath }) };
  } else if (found.isFile()) {
    const first = firstName(found, name, seen);
    if (first !== undefined) yield { entry: makeTarEntry({ ...common, type: 'hardlink', linkPath: first }) };
    else {
      const size = Number(found.size);
      yield { entry: makeTarEntry({ ...common, type: 'file', size }), content: fileBytes(path, size) };
    }
  } else if (!found.isSocket()) {
    const type = NAMES[String(found.mode & S_IFMT)];
    if (type === undefined) throw new VerbError(`cannot copy "${name}": it is no file, folder or link`);
    yield { entry: makeTarEntry({ ...common, type, ...deviceOf(found) }) };
  }
}

function firstName(
  { nlink, dev, ino }: BigIntStats,
  name: string,
  seen: Map<string, string>,
): string | undefined {
  if (nlink < 2n) return undefined;
  const key = `${dev}:${ino}`;
  const first = seen.get(key);
  if (first === undefined) seen.set(key, name);
  return first;
}

/** A file that grows while it is read is as long as it was; one that shrinks fails in the tar. */
function fileBytes(path: Buffer, size: number): AsyncIterable<Uint8Array> | readonly [] {
  return size === 0 ? [] : createReadStream(path, { end: size - 1, highWaterMark: 256 * 1024 });
}

/** @see makedev(3): how glibc puts the two numbers together */
function deviceOf({ rdev }: BigIntStats): { readonly devMajor: number; readonly devMinor: number } {
  return {
    devMajor: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)),
    devMinor: Number((rdev & 0xffn) | ((rdev >> 12n) & ~0xffn)),
  };
}
