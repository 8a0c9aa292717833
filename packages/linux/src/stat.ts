import { lstatSync } from 'node:fs';
import { nativePath } from './paths.ts';

export type FileKind = 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo' | 'socket';

/** What `lstat` tells, times in nanoseconds. */
export interface PreciseStat {
  readonly kind: FileKind;
  /** Permission bits with setuid, setgid and sticky; no type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly nlink: number;
  /** Of 512 bytes each. */
  readonly blocks: number;
  /** Of a device; 0 for others. */
  readonly major: number;
  readonly minor: number;
}

const KINDS = new Map<number, FileKind>([
  [0o010000, 'fifo'],
  [0o020000, 'char'],
  [0o040000, 'directory'],
  [0o060000, 'block'],
  [0o100000, 'file'],
  [0o120000, 'symlink'],
  [0o140000, 'socket'],
]);

/** Does not follow a symbolic link. Throws what Node's `lstatSync` throws. */
export function preciseStat(path: string): PreciseStat {
  const stat = lstatSync(nativePath(path), { bigint: true });
  const mode = Number(stat.mode);
  const kind = KINDS.get(mode & 0o170000);
  if (kind === undefined) throw new Error(`Mode ${mode.toString(8)} has no known type`);
  const device = kind === 'char' || kind === 'block' ? deviceMajorMinor(stat.rdev) : { major: 0, minor: 0 };
  return {
    kind,
    mode: mode & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: Number(stat.size),
    atimeNs: stat.atimeNs,
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
    dev: stat.dev,
    ino: stat.ino,
    nlink: Number(stat.nlink),
    blocks: Number(stat.blocks),
    ...device,
  };
}

/** Both halves of a `dev_t` of the C library. @see makedev(3) */
export function deviceMajorMinor(rdev: bigint): { readonly major: number; readonly minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)),
  };
}
