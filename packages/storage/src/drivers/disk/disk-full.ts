import type { StatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '@berth/errors';
import { StorageError } from '../../errors.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** @returns `DISK_FULL` for what a full disk, a quota or used-up inodes give; every other error as it is */
export async function asDiskFull(error: unknown, path: string): Promise<unknown> {
  if (!hasCode(error) || !FULL.has(error.code)) return error;
  const { bavail, bsize, files, ffree } = await statOf(path);
  const freeBytes = bavail * bsize;
  const isOutOfInodes = error.code === 'ENOSPC' && files > 0 && ffree === 0;
  const what = isOutOfInodes ? 'no inode is free' : `${freeBytes} bytes free`;
  return new StorageError(
    'DISK_FULL',
    `Cannot write below "${path}": the disk is full (${error.code}, ${what})`,
    {
      hint: isOutOfInodes
        ? 'Remove images or containers: the file system has no room for more files, whatever their size'
        : `Free space there (${formatBytes(freeBytes)} are left) or raise the quota, then try again`,
      detail: { path, freeBytes, freeInodes: ffree, reason: error.code },
      cause: error,
    },
  );
}

/** Of the nearest folder that is there: the path itself may have been taken away since. */
async function statOf(path: string): Promise<StatsFs> {
  try {
    return await statfs(path);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT' && path !== '/') return statOf(dirname(path));
    throw error;
  }
}

export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
