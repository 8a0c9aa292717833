import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { startTimeOf } from '@berth/linux';
import { signalExactly } from './reaper.ts';
import { namesIn } from './state-file.ts';

const SIGKILL = 9;

/**
 * Calls of the runtime that a monitor made and did not live to see the end of: a program that an exec was about to start may run in a
 * container, and nobody knows of it. It is ended, since whoever asked for it was told nothing; then the files of these calls go.
 *
 * @param folder of the runtime's calls
 * @param known pids that somebody knows of
 * @param containers ids: only what is in a cgroup of one of them is touched
 */
export function sweepCalls(
  folder: string,
  { known, containers }: { readonly known: ReadonlySet<number>; readonly containers: ReadonlySet<string> },
): void {
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    const pid = name.endsWith('.pid') ? Number(readIfThere(path)) : 0;
    if (pid > 0 && !known.has(pid)) endIfIn(pid, containers);
    rmSync(path, { force: true });
  }
}

function endIfIn(pid: number, containers: ReadonlySet<string>): void {
  const startTime = startTimeOf(pid);
  const groups = (readIfThere(`/proc/${pid}/cgroup`) ?? '').split(/[:/\n]/);
  if (startTime !== undefined && groups.some((name) => containers.has(name)))
    signalExactly(pid, startTime, SIGKILL);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'ESRCH')) return undefined;
    throw error;
  }
}
