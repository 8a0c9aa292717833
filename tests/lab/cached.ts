import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { cacheFolder, withLock } from './cache-folder.ts';
import { exists } from './ready.ts';

/**
 * A folder in the cache that `make` fills at the first call. It appears by one rename: a killed call leaves
 * nothing that looks whole, and two at once make it only once.
 *
 * @param name with everything that its contents depend on, for instance `debian-bookworm-1`
 */
export async function cachedFolder(
  name: string,
  make: (staging: string) => Promise<void>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<string> {
  const folder = join(cacheFolder(), name);
  if (await exists(folder)) return folder;
  await mkdir(cacheFolder(), { recursive: true });
  return await withLock(`${folder}.lock`, {
    work: async () => {
      if (await exists(folder)) return folder;
      await sweepStaging(folder);
      const staging = await mkdtemp(`${folder}.new-`);
      try {
        await make(staging);
        await rename(staging, folder);
      } finally {
        await rm(staging, { recursive: true, force: true, maxRetries: 3 });
      }
      return folder;
    },
    ...options,
  });
}

/** What killed calls left; the lock is ours, so nobody is at work there. */
async function sweepStaging(folder: string): Promise<void> {
  for (const name of await readdir(dirname(folder))) {
    if (!name.startsWith(`${basename(folder)}.new-`)) continue;
    await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}
