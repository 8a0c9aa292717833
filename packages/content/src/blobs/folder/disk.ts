import { mkdir, open, readdir, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '@berth/errors';
import { ContentError } from '../../errors.ts';
import { FOLDER_MODE } from './paths.ts';

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Makes a folder and its missing parents, durable when it resolves. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: FOLDER_MODE });
  if (first === undefined) return;
  // Every folder whose list of names has grown, from the new one's parent up to the parent of the first.
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Makes the missing ones of many folders in one parent, durable when it resolves. */
export async function makeFolders(parent: string, names: readonly string[]): Promise<void> {
  await makeFolder(parent);
  const there = new Set(await readdir(parent));
  const missing = names.filter((name) => !there.has(name));
  await Promise.all(missing.map((name) => mkdir(join(parent, name), { recursive: true, mode: FOLDER_MODE })));
  // Also when none was missing: the process that made them may have ended before its sync.
  await syncFolder(parent);
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

export function isDiskFull(error: unknown): error is Error & { readonly code: string } {
  return hasCode(error) && FULL.has(error.code);
}

/** @returns `DISK_FULL` for what a full disk gives; every other error as it is */
export async function translateDiskFull(error: unknown, path: string): Promise<unknown> {
  if (!isDiskFull(error)) return error;
  const { bavail, bsize } = await statfs(dirname(path));
  const freeBytes = bavail * bsize;
  return new ContentError(
    'DISK_FULL',
    `Cannot write to "${path}": the disk is full (${error.code}, ${freeBytes} bytes free)`,
    {
      hint: 'Free space on that disk or raise the quota, then go on with the transfer',
      detail: { path, freeBytes, reason: error.code },
      cause: error,
    },
  );
}
