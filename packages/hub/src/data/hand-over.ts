import { lchown, lstat, readdir } from 'node:fs/promises';
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
 * Before root opens anything below a folder that another user could write: no link of that user's leads out of it.
 * Links that root made are the administrator's way to put a part on another disk.
 *
 * @throws {HubError} `DATA_FOLDER_DENIED`
 */
export async function refusePlantedLinks(paths: HubPaths): Promise<void> {
  await walk(paths.folder, {
    depth: DEPTH,
    visit: async (path, { isLink, links, uid }) => {
      if (uid === 0 || !(isLink || links > 1)) return;
      throw new HubError(
        'DATA_FOLDER_DENIED',
        `Cannot use data folder "${paths.folder}" as root: "${path}" is a link that root did not make`,
        {
          hint: 'Remove that link, or make it as root',
        },
      );
    },
  });
}

/** Gives the Hub's folder to its user: what was made while the process was root. Idempotent. */
export async function handOver(paths: HubPaths, owner: Owner): Promise<void> {
  await walk(paths.folder, {
    depth: DEPTH,
    visit: async (path, { isLink, links, uid, gid }) => {
      if (isLink || links > 1 || (uid === owner.uid && gid === owner.gid)) return;
      await lchown(path, owner.uid, owner.gid);
    },
  });
}

interface Entry extends Owner {
  readonly isLink: boolean;
  /** Names of a file; 1 for folders, whose count means something else. */
  readonly links: number;
}

interface WalkOptions {
  readonly depth: number;
  readonly visit: (path: string, entry: Entry) => Promise<void>;
}

async function walk(path: string, { depth, visit }: WalkOptions): Promise<void> {
  const stat = await lstat(path).catch((error: unknown) => {
    // SQLite removes its side files when it likes.
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (stat === undefined) return;
  const isFolder = stat.isDirectory();
  await visit(path, {
    uid: stat.uid,
    gid: stat.gid,
    isLink: stat.isSymbolicLink(),
    links: isFolder ? 1 : stat.nlink,
  });
  if (!isFolder || depth === 0) return;
  for (const name of await readdir(path)) await walk(join(path, name), { depth: depth - 1, visit });
}
