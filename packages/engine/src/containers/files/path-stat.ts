import { hasCode } from '@berth/errors';
import { type FileKind, type PreciseStat, preciseStat } from '@berth/linux';
import type { ApiPathStat } from '../../api/types.ts';
import { EngineError } from '../../errors.ts';
import { absolutePath, baseName, followLinks, followParents } from './resolve-path.ts';

export interface FoundPath {
  /** As the caller said it, absolute. */
  readonly asked: string;
  /** Without links but perhaps the last. */
  readonly path: string;
  readonly stat: PreciseStat;
}

/** @throws {EngineError} `PATH_UNKNOWN` */
export function findPath(path: string): FoundPath {
  const asked = absolutePath(path);
  const resolved = followParents(asked);
  try {
    const stat = preciseStat(resolved);
    if (asked.endsWith('/') && asked !== '/' && stat.kind !== 'directory') throw notFolder(asked);
    return { asked, path: resolved, stat };
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(error.code)) throw pathUnknown(path);
    throw error;
  }
}

/** The engine puts the container's name behind it. */
export function pathUnknown(path: string): EngineError {
  return new EngineError('PATH_UNKNOWN', `Could not find the file ${path} in container`);
}

function notFolder(path: string): EngineError {
  return new EngineError('PATH_REFUSED', `not a directory: ${path}`);
}

export function apiPathStat({ asked, stat }: FoundPath): ApiPathStat {
  return {
    name: baseName(asked),
    size: stat.size,
    mode: goFileMode(stat),
    mtime: timeOf(stat.mtimeNs),
    linkTarget: stat.kind === 'symlink' ? followLinks(asked) : '',
  };
}

/** Bits of Go's os.FileMode. @see https://pkg.go.dev/io/fs#FileMode */
const KIND_BITS: Readonly<Record<FileKind, number>> = {
  file: 0,
  directory: 2 ** 31,
  symlink: 2 ** 27,
  block: 2 ** 26,
  char: 2 ** 26 + 2 ** 21,
  fifo: 2 ** 25,
  socket: 2 ** 24,
};

export function goFileMode({ kind, mode }: Pick<PreciseStat, 'kind' | 'mode'>): number {
  const special =
    (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
  return KIND_BITS[kind] + special + (mode & 0o777);
}

const NS = 1_000_000_000n;

/** RFC 3339 with nanoseconds. */
function timeOf(ns: bigint): string {
  const rest = ((ns % NS) + NS) % NS;
  const seconds = new Date(Number((ns - rest) / 1_000_000n)).toISOString().slice(0, 19);
  const fraction = rest.toString().padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}
