import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '@berth/errors';
import { TransferError } from '../errors.ts';

const POLL_MS = 25;
const PATIENCE_MS = 30_000;

/** True while a process of this number runs; 0 is nobody. */
export function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error) && error.code === 'EPERM';
  }
}

/**
 * Runs `work` while nobody else who locks the same file does, over processes. For short work: a lock file holds
 * the number of its process, and one whose process is gone is taken over.
 *
 * @throws {TransferError} `FILE_UNUSABLE` when the other one does not come to an end
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<T> {
  const { signal } = options;
  const mine = `${path}.${randomUUID()}`;
  await writeFile(mine, `${process.pid}`, { mode: 0o600, flag: 'wx' });
  try {
    // link() never replaces: exactly one of those who try at once has the lock.
    for (let waitedMs = 0; !(await tryLink(mine, path)); waitedMs += POLL_MS) {
      const pid = await ownerOf(path);
      if (waitedMs > PATIENCE_MS) {
        throw new TransferError(
          'FILE_UNUSABLE',
          `Cannot lock "${path}": process ${pid ?? 'unknown'} holds it`,
          {
            hint: 'Wait for the other berth, or remove the lock when it is not running',
          },
        );
      }
      if (pid !== undefined && !isAlive(pid)) await removeStale(mine, path);
      else await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal });
    }
    try {
      return await work();
    } finally {
      await rm(path, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

async function ownerOf(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error) && error.code === 'ENOENT') return '';
    throw error;
  });
  return Number(text) || undefined;
}

/**
 * Removes the lock of a process that is gone. One at a time and after a second look: between the first look and
 * the removal somebody may have taken the lock over, and theirs must stay.
 */
async function removeStale(mine: string, path: string): Promise<void> {
  const guard = `${path}.stale`;
  if (!(await tryLink(mine, guard))) return void (await sleep(POLL_MS));
  try {
    const pid = await ownerOf(path);
    if (pid !== undefined && !isAlive(pid)) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasCode(error) && error.code === 'EEXIST') return false;
    throw error;
  }
}
