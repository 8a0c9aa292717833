import { chmod, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HubError } from '../errors.ts';
import type { HubUser } from '../privileges/hub-user.ts';
import type { HubPaths } from './paths.ts';

/**
 * Makes sure that the Hub's user can reach its folder: the data root is ours to open for passage, what lies above
 * it is not.
 *
 * @throws {HubError} `DATA_FOLDER_DENIED` naming the folder that bars the way
 */
export async function makePassable(paths: HubPaths, user: HubUser): Promise<void> {
  const root = dirname(paths.folder);
  const { mode } = await stat(root);
  if (!(await isPassable(root, user))) await chmod(root, (mode & 0o7777) | 0o011);
  for (let folder = dirname(root); ; folder = dirname(folder)) {
    if (!(await isPassable(folder, user))) {
      throw new HubError(
        'DATA_FOLDER_DENIED',
        `Cannot use data folder "${paths.folder}": ${user.label} may not pass through "${folder}"`,
        {
          hint: `Set BERTH_DATA_ROOT to another folder, or allow it: chmod o+x ${folder}`,
        },
      );
    }
    if (folder === dirname(folder)) return;
  }
}

/** By the first class that fits, as the kernel does. @see path_resolution(7) */
async function isPassable(folder: string, { uid, gid }: HubUser): Promise<boolean> {
  const found = await stat(folder);
  if (found.uid === uid) return (found.mode & 0o100) !== 0;
  return (found.mode & (found.gid === gid ? 0o010 : 0o001)) !== 0;
}
