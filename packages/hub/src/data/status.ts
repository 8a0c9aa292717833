import { isDataFolderLocked } from './lock.ts';
import { hubPaths } from './paths.ts';
import { type RunningHub, readRunning } from './running.ts';

export type { RunningHub } from './running.ts';

export type HubStatus =
  | { readonly state: 'stopped' }
  /** Somebody holds the data folder and does not answer requests yet. */
  | { readonly state: 'starting' }
  | { readonly state: 'running'; readonly hub: RunningHub };

/**
 * Whether a Hub runs on a data root. An entry of its own, so that asking loads nothing else of the Hub.
 * A caller who may not look into the folder is told `stopped`: starting will say why it cannot.
 */
export async function readHubStatus(dataRoot: string): Promise<HubStatus> {
  const paths = hubPaths(dataRoot);
  if (!isDataFolderLocked(paths)) return { state: 'stopped' };
  const hub = await readRunning(paths);
  if (hub === undefined || !isAlive(hub.pid)) return { state: 'starting' };
  return { state: 'running', hub };
}

/** A killed Hub leaves its file behind, and the next one is there before it has written its own. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
