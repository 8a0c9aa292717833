import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { cgroupPathsOf } from '@berth/linux';

/**
 * Whether the processes around `pid` are frozen: a pause by an engine of before. Gone is not frozen.
 * @see cgroups v1 freezer-subsystem.rst; v2 cgroup.events
 */
export async function isFrozen(pid: number): Promise<boolean> {
  try {
    const { legacy, unified } = cgroupPathsOf(pid);
    const { freezer } = legacy;
    if (freezer !== undefined)
      return (await read(join(freezer, 'freezer.state')))?.startsWith('FROZEN') === true;
    if (unified === undefined) return false;
    return /^frozen 1$/m.test((await read(join(unified, 'cgroup.events'))) ?? '');
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return hasCode(error) && ['ENOENT', 'ESRCH', 'ENODEV'].includes(error.code);
}
