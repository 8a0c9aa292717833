import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';

/**
 * Bytes of the regular files below a folder, a file with several names once. Links are not followed, other file systems are not
 * entered, and what goes away meanwhile is not counted: containers write on while this looks.
 *
 * @returns −1 where the folder is not there, as `docker system df` has it
 */
export async function folderSize(
  root: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const top = await statIfThere(root);
  if (top === undefined) return -1;
  const seen = new Set<bigint>();
  const folders = [root];
  let bytes = 0n;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    options.signal?.throwIfAborted();
    for (const name of await namesIn(folder)) {
      const path = join(folder, name);
      const stat = await statIfThere(path);
      if (stat === undefined || stat.dev !== top.dev) continue;
      if (stat.isDirectory()) folders.push(path);
      else if (stat.isFile() && !(stat.nlink > 1n && seen.has(stat.ino))) {
        seen.add(stat.ino);
        bytes += stat.size;
      }
    }
  }
  return Number(bytes);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for await (const entry of await opendir(folder)) names.push(entry.name);
  } catch (error) {
    if (!hasCode(error) || !['ENOENT', 'ENOTDIR', 'EACCES'].includes(error.code)) throw error;
  }
  return names;
}

async function statIfThere(path: string) {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ENOTDIR', 'EACCES'].includes(error.code)) return undefined;
    throw error;
  }
}
