import { closeSync, constants, openSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import { nativePath, type PreciseStat, preciseStat } from '@berth/linux';
import { bytesToPath } from '@berth/oci';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** Each level below costs an open file. */
const MAX_DEPTH = 400;

/**
 * Bytes of all that is in a folder but its folders, as their lengths say, what has several names once: docker's measure of a
 * volume. A container may be changing it: what goes meanwhile does not count, no link is followed out of it, and no other
 * file system is entered. What is deeper than 400 levels does not count.
 *
 * @returns `undefined` where the folder is not there
 */
export async function folderSize(
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<number | undefined> {
  const top = statIfThere(path);
  if (top?.kind !== 'directory') return undefined;
  return measure(path, { seen: new Set(), depth: 0, dev: top.dev, signal: options.signal });
}

interface Measuring {
  readonly seen: Set<bigint>;
  readonly depth: number;
  readonly dev: bigint;
  readonly signal: AbortSignal | undefined;
}

async function measure(path: string, measuring: Measuring): Promise<number> {
  const { seen, depth, dev, signal } = measuring;
  const fd = depth > MAX_DEPTH ? undefined : openFolder(path);
  if (fd === undefined) return 0;
  let bytes = 0;
  try {
    for (const name of await readdir(`/proc/self/fd/${fd}`, { encoding: 'buffer' })) {
      signal?.throwIfAborted();
      const child = `/proc/self/fd/${fd}/${bytesToPath(name)}`;
      const stat = statIfThere(child);
      if (stat === undefined || stat.dev !== dev) continue;
      if (stat.kind === 'directory') bytes += await measure(child, { ...measuring, depth: depth + 1 });
      else if (stat.nlink === 1 || !seen.has(stat.ino)) bytes += stat.size;
      if (stat.nlink > 1) seen.add(stat.ino);
    }
  } finally {
    closeSync(fd);
  }
  return bytes;
}

function openFolder(path: string): number | undefined {
  return ifThere(() => openSync(nativePath(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
}

function statIfThere(path: string): PreciseStat | undefined {
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
