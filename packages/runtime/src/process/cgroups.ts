import { readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '@berth/errors';

const KILL_DEADLINE_MS = 10_000;

/** Process ids in a cgroup and in all that are below it, in our pid namespace. */
export function cgroupPids(folder: string): number[] {
  return [folder, ...foldersBelow(folder)].flatMap((one) => procsOf(one));
}

/**
 * Ends every process of a cgroup and waits until none is left.
 *
 * `cgroup.kill` (Linux 5.14, cgroup2) catches forks under way; elsewhere killing is repeated until nothing is there. A
 * frozen cgroup is thawed, since its processes would not die of the signal.
 */
export async function killCgroup(folders: readonly string[]): Promise<void> {
  const deadline = performance.now() + KILL_DEADLINE_MS;
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 50)) {
    const alive = folders.find((folder) => cgroupPids(folder).length > 0);
    if (alive === undefined || performance.now() > deadline) return;
    for (const folder of folders) {
      if (!tryWrite(join(folder, 'cgroup.kill'), '1')) for (const pid of cgroupPids(folder)) tryKill(pid);
      tryWrite(join(folder, 'cgroup.freeze'), '0');
      tryWrite(join(folder, 'freezer.state'), 'THAWED');
    }
    await sleep(waitMs);
  }
}

/**
 * Removes the folders and what the container made below them. A folder is busy for a moment after its last process.
 *
 * @returns whether all are gone
 */
export async function removeCgroups(folders: readonly string[]): Promise<boolean> {
  let left = [...folders];
  for (let waitMs = 1; left.length > 0; waitMs *= 2) {
    left = left.filter((folder) => !removeTree(folder));
    if (left.length === 0) return true;
    if (waitMs > 256) return false;
    await sleep(waitMs);
  }
  return true;
}

function removeTree(folder: string): boolean {
  for (const below of foldersBelow(folder).reverse()) tryRemove(below);
  return tryRemove(folder);
}

function tryRemove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return true;
    if (hasCode(error) && (error.code === 'EBUSY' || error.code === 'ENOTEMPTY')) return false;
    throw error;
  }
}

/** Parents before their children. */
function foldersBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) => [join(folder, name), ...foldersBelow(join(folder, name))]);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

function procsOf(folder: string): number[] {
  try {
    return readFileSync(join(folder, 'cgroup.procs'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
  } catch (error) {
    // A threaded cgroup (cgroup2) answers EOPNOTSUPP; its processes are listed by the domain above it.
    if (isGone(error) || (hasCode(error) && error.code === 'EOPNOTSUPP')) return [];
    throw error;
  }
}

function tryWrite(path: string, text: string): boolean {
  try {
    // Not 'w': that would create a file where the kernel has none.
    writeFileSync(path, text, { flag: 'r+' });
    return true;
  } catch (error) {
    if (isGone(error) || (hasCode(error) && ['EACCES', 'EPERM', 'EINVAL', 'EOPNOTSUPP'].includes(error.code)))
      return false;
    throw error;
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!hasCode(error) || error.code !== 'ESRCH') throw error;
  }
}

function isGone(error: unknown): boolean {
  return hasCode(error) && (error.code === 'ENOENT' || error.code === 'ENODEV');
}
