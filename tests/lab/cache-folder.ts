import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '@berth/errors';

/** Where the tests keep what is dear to make: `BERTH_CACHE`, else `berth` in the user's cache folder. */
export function cacheFolder(): string {
  const own = process.env.BERTH_CACHE;
  if (own !== undefined && own !== '') return own;
  const xdg = process.env.XDG_CACHE_HOME;
  return join(xdg === undefined || xdg === '' ? join(homedir(), '.cache') : xdg, 'berth');
}

/**
 * Runs `work` while no other process runs one under the same lock. A lock whose process is gone is taken over.
 *
 * @param lock path of a folder that exists while the lock is held
 */
export async function withLock<T>(
  lock: string,
  options: { readonly work: () => Promise<T>; readonly signal?: AbortSignal },
): Promise<T> {
  const pidFile = join(lock, 'pid');
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      await mkdir(lock);
      break;
    } catch (error) {
      if (!hasCode(error) || error.code !== 'EEXIST') throw error;
    }
    const holder = await holderOf(pidFile);
    if (holder !== undefined && !isAlive(holder)) await rm(lock, { recursive: true, force: true });
    else await sleep(200);
  }
  try {
    await writeFile(pidFile, String(process.pid));
    return await options.work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function holderOf(pidFile: string): Promise<number | undefined> {
  try {
    const pid = Number(await readFile(pidFile, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error) && error.code === 'EPERM';
  }
}
