import { DatabaseSync } from 'node:sqlite';
import { hasCode } from '@berth/errors';
import { HubError } from '../errors.ts';
import type { HubPaths } from './paths.ts';
import { readRunning } from './running.ts';

/**
 * One Hub per data folder.
 *
 * Node offers no flock, but SQLite's exclusive transaction takes a lock of the kernel on the file: it ends with
 * the process however that dies, is seen from other network and process namespaces, and never has to be judged
 * stale. The file stays empty.
 *
 * @throws {HubError} `DATA_FOLDER_BUSY` naming the process and its address
 */
export async function lockDataFolder(paths: HubPaths): Promise<Disposable> {
  const file = new DatabaseSync(paths.lock);
  try {
    file.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    file.close();
    throw isLocked(error) ? await busy(paths) : error;
  }
  return { [Symbol.dispose]: () => file.isOpen && file.close() };
}

/** Changes nothing, unlike `lockDataFolder`. @throws {HubError} `DATA_FOLDER_BUSY` */
export async function refuseLocked(paths: HubPaths): Promise<void> {
  if (isDataFolderLocked(paths)) throw await busy(paths);
}

/** Whether a Hub holds the folder now. */
export function isDataFolderLocked(paths: HubPaths): boolean {
  try {
    using file = new DatabaseSync(paths.lock, { readOnly: true });
    file.exec('PRAGMA busy_timeout = 0; SELECT count(*) FROM sqlite_schema');
    return false;
  } catch (error) {
    if (isLocked(error)) return true;
    // No such file or folder: nobody ever ran here.
    if (hasCode(error) && (error as { errcode?: number }).errcode === SQLITE_CANTOPEN) return false;
    throw error;
  }
}

async function busy(paths: HubPaths): Promise<HubError> {
  const running = await readRunning(paths);
  const who = running === undefined ? 'another Hub' : `process ${running.pid}, ${running.url}`;
  return new HubError('DATA_FOLDER_BUSY', `Cannot use data folder "${paths.folder}": ${who} runs on it`, {
    hint: 'Stop that one first, or set BERTH_DATA_ROOT to another folder',
    detail: running === undefined ? {} : { ...running },
  });
}

const SQLITE_BUSY = 5;
const SQLITE_CANTOPEN = 14;

function isLocked(error: unknown): boolean {
  return hasCode(error) && (error as { errcode?: number }).errcode === SQLITE_BUSY;
}
