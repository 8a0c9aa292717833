import { constants, unlinkSync } from 'node:fs';
import { cannot, LinuxError } from './errors.ts';
import { checked, libc, openFile } from './libc.ts';
import { nativePath } from './paths.ts';

const FICLONE = 0x40049409;
/** EXDEV, ENOTTY, EOPNOTSUPP: no file can be cloned there. */
const CANNOT_CLONE = new Set([18, 25, 95]);
/** EINVAL, ETXTBSY: these bytes cannot (btrfs: a file without copy-on-write; XFS: a realtime file; a swap file). */
const CANNOT_CLONE_THIS = new Set([22, 26]);

/** What became of it: made; refused for this one file; refused, as all others will be. */
export type CloneOutcome = 'cloned' | 'not-this-file' | 'not-here';

/**
 * Makes `target` a new file that shares its blocks with `source` until one of them is written to.
 * @returns false, and nothing made, where the file system cannot
 * @throws {LinuxError} `EEXIST`, `ENOENT`, `ENOSPC`
 */
export function cloneFile(source: string, target: string, options: { readonly mode?: number } = {}): boolean {
  return tryCloneFile(source, target, options) === 'cloned';
}

/** As `cloneFile`, and says whether to try with other files. */
export function tryCloneFile(
  source: string,
  target: string,
  options: { readonly mode?: number } = {},
): CloneOutcome {
  const from = openFile(source, constants.O_RDONLY | constants.O_NOFOLLOW, () => cannot('open', source));
  try {
    const what = () => cannot('clone a file as', target);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    const to = openFile(target, flags, what, options.mode ?? 0o600);
    try {
      if (libc().ioctlNumber(to, FICLONE, from) === 0) return 'cloned';
      const errno = libc().errno();
      unlinkSync(nativePath(target));
      if (CANNOT_CLONE.has(errno)) return 'not-here';
      if (CANNOT_CLONE_THIS.has(errno)) return 'not-this-file';
      throw new LinuxError(what(), { errno, syscall: 'ioctl' });
    } finally {
      libc().close(to);
    }
  } finally {
    libc().close(from);
  }
}

/**
 * Copies at most `bytes` from where one file stands to where the other stands, inside the kernel; moves both on.
 * @returns how many; fewer only at the end of the source
 * @throws {LinuxError} `EXDEV`, `EINVAL`, `EOPNOTSUPP`: copy by reading and writing then
 */
export function copyRange(sourceFd: number, targetFd: number, bytes: number): number {
  const what = () => `Cannot copy from file descriptor ${sourceFd} to ${targetFd}`;
  let copied = 0;
  while (copied < bytes) {
    // One call copies at most 2 GiB - 4 KiB.
    const step = Math.min(bytes - copied, 0x7ffff000);
    const length = libc().copyFileRange(sourceFd, null, targetFd, null, step, 0);
    if (checked(length, what, 'copy_file_range') === 0) break;
    copied += length;
  }
  return copied;
}

export interface FileRange {
  readonly offset: number;
  readonly length: number;
}

const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;

/** Gives the blocks of a range back; it reads as zeros then. */
export function punchHole(fd: number, range: FileRange): void {
  const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  const what = () => `Cannot punch a hole in file descriptor ${fd}`;
  checked(libc().fallocate(fd, mode, range.offset, range.length), what, 'fallocate');
}

/** Makes a range of a file its own on the disk, so that writing to it cannot find the disk full. It reads as zeros where it was a hole. */
export function allocateSpace(fd: number, range: FileRange): void {
  const what = () => `Cannot allocate ${range.length} bytes for file descriptor ${fd}`;
  checked(libc().fallocate(fd, 0, range.offset, range.length), what, 'fallocate');
}

const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const ENXIO = 6;
const EINVAL = 22;

/**
 * Where a file of `size` bytes has data, in order; the rest are holes. One range over all where the file system does
 * not tell. Moves the position of `fd`.
 */
export function dataRanges(fd: number, size: number): FileRange[] {
  const what = () => `Cannot find the holes of file descriptor ${fd}`;
  const ranges: FileRange[] = [];
  for (let at = 0; at < size; ) {
    const start = libc().lseek(fd, at, SEEK_DATA);
    if (start === -1) {
      const errno = libc().errno();
      if (errno === ENXIO) break;
      if (errno === EINVAL) return [{ offset: 0, length: size }];
      throw new LinuxError(what(), { errno, syscall: 'lseek' });
    }
    const end = Math.min(checked(libc().lseek(fd, start, SEEK_HOLE), what, 'lseek'), size);
    if (end > start) ranges.push({ offset: start, length: end - start });
    at = end;
  }
  return ranges;
}
