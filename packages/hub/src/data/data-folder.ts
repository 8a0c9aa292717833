import { chmod, lstat, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '@berth/errors';
import { HubError } from '../errors.ts';
import type { HubPaths } from './paths.ts';

/** Grows when a Berth of before could no longer use the folder. */
export const DATA_FORMAT = 1;

/**
 * Makes what is missing of the data folder and refuses one of a newer format. A folder that exists keeps its owner.
 *
 * @throws {HubError} `DATA_FOLDER_NEWER`, `DATA_FOLDER_DENIED`
 */
export async function prepareDataFolder(paths: HubPaths): Promise<void> {
  try {
    await makeRoot(dirname(paths.folder));
    for (const folder of [paths.folder, paths.content, paths.tls, paths.logs]) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    }
    if (!(await refuseNewerFormat(paths))) await writeFormat(paths);
  } catch (error) {
    if (!hasCode(error) || !['EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].includes(error.code)) throw error;
    throw new HubError('DATA_FOLDER_DENIED', `Cannot use data folder "${paths.folder}": ${error.message}`, {
      hint: 'Set BERTH_DATA_ROOT to a folder that this user may write',
      cause: error,
    });
  }
}

/** The Hub's user has to pass through the root to its own folder; listing it is nobody's business. */
async function makeRoot(root: string): Promise<void> {
  const made = await mkdir(root, { recursive: true, mode: 0o711 });
  // The umask may have taken the passage away again.
  if (made !== undefined) await chmod(root, 0o711);
}

/**
 * @returns whether there is a format; a folder without one was never used
 * @throws {HubError} `DATA_FOLDER_NEWER`
 */
export async function refuseNewerFormat(paths: HubPaths): Promise<boolean> {
  const text = await readFile(paths.format, 'utf8').catch((error: unknown) => {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return false;
  const format = Number(text.trim());
  if (Number.isInteger(format) && format >= 1 && format <= DATA_FORMAT) return true;
  throw new HubError(
    'DATA_FOLDER_NEWER',
    `Cannot use data folder "${paths.folder}": it has format "${text.trim().slice(0, 20)}", this Berth knows up to "${DATA_FORMAT}"`,
    { hint: 'Start it with the newer Berth that made it, or set BERTH_DATA_ROOT to another folder' },
  );
}

async function writeFormat(paths: HubPaths): Promise<void> {
  await using file = await open(paths.format, 'w', 0o600);
  await file.writeFile(`${DATA_FORMAT}\n`);
  await file.sync();
}

/**
 * Whose an existing Hub folder is; `undefined` where there is none. While root starts a Hub, and after such a start
 * was killed, the folder is root's and its format file tells.
 */
export async function ownerOfDataFolder(paths: HubPaths): Promise<{ uid: number; gid: number } | undefined> {
  const folder = await ownerOf(paths.folder);
  return folder?.uid === 0 ? ((await ownerOf(paths.format)) ?? folder) : folder;
}

async function ownerOf(path: string): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const { uid, gid } = await lstat(path);
    return { uid, gid };
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
