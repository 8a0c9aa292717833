import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { HubError } from '../errors.ts';
import type { HubPaths } from './paths.ts';

/** As deep as `hub/content/blobs/sha256/ab`; the blobs below are only ever written by the Hub's user. */
const DEPTH = 4;

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Makes the Hub's folders root's and closes them, until `handOver`: what runs as the Hub's user cannot put links or
 * folders in the way of a root that is about to write there. A folder is closed before its entries are read, so
 * that none of them is exchanged meanwhile. Files keep their owner. Idempotent.
 */
export async function shutOut(paths: HubPaths): Promise<void> {
  for await (const { path, isFolder, uid, gid } of entries(paths.folder, DEPTH)) {
    if (!isFolder || uid === 0) continue;
    await lchown(path, 0, gid);
    await chmod(path, 0o700);
  }
}

/**
 * Before root opens anything below a folder that another user could write: no link of that user's leads out of it.
 * Links that root made are the administrator's way to put a part on another disk.
 *
 * @throws {HubError} `DATA_FOLDER_DENIED`
 */
export async function refusePlantedLinks(paths: HubPaths): Promise<void> {
  for await (const { path, isLink, links, uid } of entries(paths.folder, DEPTH)) {
    if (uid === 0 || !(isLink || links > 1)) continue;
    throw new HubError(
      'DATA_FOLDER_DENIED',
      `Cannot use data folder "${paths.folder}" as root: "${path}" is a link that root did not make`,
      {
        hint: 'Remove that link, or make it as root',
      },
    );
  }
}

/**
 * Gives the Hub's folder to its user: what was made while the process was root. From the leaves up, so that the user
 * can come in only where root has finished. Idempotent.
 */
export async function handOver(paths: HubPaths, owner: Owner, { depth = DEPTH } = {}): Promise<void> {
  const found: Entry[] = [];
  for await (const entry of entries(paths.folder, depth)) found.push(entry);
  for (const { path, isLink, links, uid, gid } of found.toReversed()) {
    if (isLink || links > 1 || (uid === owner.uid && gid === owner.gid)) continue;
    await lchown(path, owner.uid, owner.gid).catch(ignoreMissing);
  }
}

interface Entry extends Owner {
  readonly path: string;
  readonly isFolder: boolean;
  readonly isLink: boolean;
  /** Names of a file; 1 for folders, whose count means something else. */
  readonly links: number;
}

/** A folder comes before what is in it, and is read only when the next entry is asked for. */
async function* entries(path: string, depth: number): AsyncGenerator<Entry> {
  const stat = await lstat(path).catch(ignoreMissing);
  if (stat === undefined) return;
  const isFolder = stat.isDirectory();
  const { uid, gid } = stat;
  yield { path, uid, gid, isFolder, isLink: stat.isSymbolicLink(), links: isFolder ? 1 : stat.nlink };
  if (!isFolder || depth === 0) return;
  for (const name of await readdir(path)) yield* entries(join(path, name), depth - 1);
}

/** SQLite removes its side files when it likes. */
function ignoreMissing(error: unknown): undefined {
  if (hasCode(error) && error.code === 'ENOENT') return undefined;
  throw error;
}
