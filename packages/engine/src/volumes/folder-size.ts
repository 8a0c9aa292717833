import { closeSync, constants, openSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import { nativePath, preciseStat } from '@berth/linux';
import { bytesToPath } from '@berth/oci';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
const BLOCK_BYTES = 512;
const MAX_DEPTH = 400;

/**
 * Bytes that a folder takes on disk, files with several names once. A container may be changing it: what goes
 * meanwhile does not count, and no link is followed out of it.
 */
export async function folderSize(
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const seen = new Set<string>();
  return measure(path, { seen, depth: 0, signal: options.signal });
}

interface Measuring {
  readonly seen: Set<string>;
  readonly depth: number;
  readonly signal: AbortSignal | undefined;
}

async function measure(path: string, measuring: Measuring): Promise<number> {
  const { seen, depth, signal } = measuring;
  const fd = await openFolder(path);
  if (fd === undefined || depth > MAX_DEPTH) return 0;
  let bytes = 0;
  try {
    for (const name of await readdir(`/proc/self/fd/${fd}`, { encoding: 'buffer' })) {
      signal?.throwIfAborted();
      const child = `/proc/self/fd/${fd}/${bytesToPath(name)}`;
      const stat = statIfThere(child);
      if (stat === undefined) continue;
      const key = `${stat.dev}:${stat.ino}`;
      if (seen.has(key)) continue;
      if (stat.nlink > 1) seen.add(key);
      bytes += stat.blocks * BLOCK_BYTES;
      if (stat.kind === 'directory') bytes += await measure(child, { ...measuring, depth: depth + 1 });
    }
  } finally {
    closeSync(fd);
  }
  return bytes;
}

async function openFolder(path: string): Promise<number | undefined> {
  return ifThere(() => openSync(nativePath(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
}

function statIfThere(path: string): ReturnType<typeof preciseStat> | undefined {
  return ifThere(() => preciseStat(path));
}

function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) return undefined;
    throw error;
  }
}
