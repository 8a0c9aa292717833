import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
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
  let aside: string | undefined;
  while (!(await takeLock(lock))) {
    options.signal?.throwIfAborted();
    const moved = await moveDeadAside(lock);
    if (moved === undefined) await sleep(200);
    else aside = moved;
  }
  try {
    return await options.work();
  } finally {
    await rm(lock, { recursive: true, force: true });
    if (aside !== undefined) await rm(aside, { recursive: true, force: true });
  }
}

/**
 * Takes a lock away whose process is gone. Its new name is that of exactly this lock and stays until our work is done, so another
 * who saw it dead too cannot move the lock of the next one aside.
 *
 * @returns where it is now; undefined when there was nothing to move
 */
async function moveDeadAside(lock: string): Promise<string | undefined> {
  const pidFile = join(lock, 'pid');
  try {
    const { ino } = await stat(pidFile);
    const holder = await holderOf(pidFile);
    if (holder === undefined || isAlive(holder)) return undefined;
    const aside = `${lock}-dead-${holder}-${ino}`;
    await rename(lock, aside);
    return aside;
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(error.code)) return undefined;
    throw error;
  }
}

/** The folder appears with its holder in it, so a lock without one does not exist. */
async function takeLock(lock: string): Promise<boolean> {
  const mine = await mkdtemp(`${lock}-`);
  await writeFile(join(mine, 'pid'), String(process.pid));
  try {
    await rename(mine, lock);
    return true;
  } catch (error) {
    await rm(mine, { recursive: true });
    if (hasCode(error) && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')) return false;
    throw error;
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
