import { statfsSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { showName } from '@berth/oci';
import { StorageError } from '../errors.ts';

/** The file system says no because of what the entry is, not because of the state of the machine. */
const REFUSALS: Readonly<Record<string, string>> = {
  ENAMETOOLONG: 'a name is longer than 255 bytes, or the path than 4095',
  ELOOP: 'its path goes through too many symlinks',
  ENOTDIR: 'something in its path is no directory',
  EFBIG: 'the file is larger than the file system can hold',
  EINVAL: 'the file system takes no such value',
  E2BIG: 'an extended attribute is larger than the kernel allows',
  ERANGE: 'an extended attribute has a name longer than the kernel allows',
  EOVERFLOW: 'a number is larger than the file system can hold',
};
const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** @throws {StorageError} `LAYER_REFUSED` */
export function refuseEntry(path: string, why: string, hint?: string): never {
  throw new StorageError('LAYER_REFUSED', `Cannot unpack layer entry "${showName(path)}": ${why}`, {
    detail: { entry: path },
    ...(hint === undefined ? {} : { hint }),
  });
}

/**
 * What a failure of the file system means for an entry: `LAYER_REFUSED` for what no attempt can ever unpack, `DISK_FULL`,
 * else `DISK_FAILED`. Other errors pass.
 *
 * @param disk a path on the file system that is written to
 */
export function asStorageError(
  error: unknown,
  { doing, entry, disk }: { readonly doing: string; readonly entry: string; readonly disk: string },
): unknown {
  if (!hasCode(error) || !/^E[A-Z0-9]+$/.test(error.code)) return error;
  const what = `Cannot ${doing} "${showName(entry)}"`;
  const reason = REFUSALS[error.code];
  if (reason !== undefined) {
    return new StorageError('LAYER_REFUSED', `${what}: ${reason} (${error.code})`, {
      detail: { entry, reason: error.code },
      cause: error,
    });
  }
  if (!FULL.has(error.code)) {
    return new StorageError('DISK_FAILED', `${what}: ${error.message}`, {
      detail: { entry, reason: error.code },
      cause: error,
    });
  }
  const { bavail, bsize, files, ffree } = statfsSync(disk);
  const isOutOfInodes = error.code === 'ENOSPC' && files > 0 && ffree === 0;
  const left = isOutOfInodes ? 'no inode is free' : `${bavail * bsize} bytes are free`;
  return new StorageError('DISK_FULL', `${what}: the disk is full (${error.code}, ${left})`, {
    hint: isOutOfInodes
      ? 'Remove images or containers: the file system has no room for more files, whatever their size'
      : 'Free space there or raise the quota, then try again',
    detail: { entry, freeBytes: bavail * bsize, freeInodes: ffree, reason: error.code },
    cause: error,
  });
}
