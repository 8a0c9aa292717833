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

export interface FailureContext {
  /** `Cannot <doing> "<entry>": …` */
  readonly doing: string;
  readonly entry: string;
  /** A path on the file system that is written to, where it can be seen. */
  readonly disk?: string;
}

/**
 * What a failure of the file system means: `LAYER_REFUSED` for what no attempt can ever unpack, `DISK_FULL`, else
 * `DISK_FAILED`. Other errors pass.
 */
export function asStorageError(error: unknown, { doing, entry, disk }: FailureContext): unknown {
  if (!hasCode(error) || !/^E[A-Z0-9]+$/.test(error.code)) return error;
  const what = `Cannot ${doing} "${showName(entry)}"`;
  const reason = REFUSALS[error.code];
  const detail = { entry, reason: error.code };
  if (reason !== undefined) {
    return new StorageError('LAYER_REFUSED', `${what}: ${reason} (${error.code})`, { detail, cause: error });
  }
  if (!FULL.has(error.code)) {
    return new StorageError('DISK_FAILED', `${what}: ${error.message}`, { detail, cause: error });
  }
  const room = disk === undefined ? undefined : roomOn(disk);
  return new StorageError('DISK_FULL', `${what}: the disk is full (${error.code}${room?.words ?? ''})`, {
    hint: room?.isOutOfInodes
      ? 'Remove images or containers: the file system has no room for more files, whatever their size'
      : 'Free space there or raise the quota, then try again',
    detail: { ...detail, ...room?.detail },
    cause: error,
  });
}

interface Room {
  readonly words: string;
  readonly isOutOfInodes: boolean;
  readonly detail: { readonly freeBytes: number; readonly freeInodes: number };
}

function roomOn(disk: string): Room {
  const { bavail, bsize, files, ffree } = statfsSync(disk);
  const isOutOfInodes = files > 0 && ffree === 0;
  const freeBytes = bavail * bsize;
  return {
    words: isOutOfInodes ? ', no inode is free' : `, ${freeBytes} bytes are free`,
    isOutOfInodes,
    detail: { freeBytes, freeInodes: ffree },
  };
}
