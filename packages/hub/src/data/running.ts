import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import type { HubPaths } from './paths.ts';

/** Who runs on a data folder. Only true while the folder's lock is held: a killed Hub leaves it behind. */
export interface RunningHub {
  readonly pid: number;
  /** Where to reach it from this machine. */
  readonly url: string;
  readonly version: string;
  readonly startedAt: string;
}

export async function writeRunning(paths: HubPaths, running: RunningHub): Promise<void> {
  const staging = `${paths.running}.new`;
  await writeFile(staging, `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
  await rename(staging, paths.running);
}

export async function readRunning(paths: HubPaths): Promise<RunningHub | undefined> {
  try {
    return JSON.parse(await readFile(paths.running, 'utf8')) as RunningHub;
  } catch (error) {
    if (error instanceof SyntaxError || (hasCode(error) && error.code === 'ENOENT')) return undefined;
    throw error;
  }
}

export async function removeRunning(paths: HubPaths): Promise<void> {
  await rm(paths.running, { force: true });
}
