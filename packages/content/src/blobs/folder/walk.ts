import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { type DigestAlgorithm, isDigest } from '@berth/oci';
import type { BlobInfo } from '../interface.ts';
import { algorithmPath, blobsPath, stagingPath } from './paths.ts';

const ALGORITHMS: readonly DigestAlgorithm[] = ['sha256', 'sha512'];

export interface FileTimes {
  readonly size: number;
  readonly birthtime: Date;
  readonly mtime: Date;
}

/** @returns `undefined` where there is no such file, or it is something else than a file */
export async function statFile(path: string): Promise<FileTimes | undefined> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? stats : undefined;
  } catch (error) {
    if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** Names in a folder; none where there is no folder. */
async function names(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** What is no blob by its name is passed over: lost+found, an editor's copy. */
export async function* walkBlobs(root: string): AsyncGenerator<BlobInfo, void, undefined> {
  for (const algorithm of ALGORITHMS) {
    const folder = algorithmPath(root, algorithm);
    for (const shard of await names(folder)) {
      for (const hex of await names(join(folder, shard))) {
        const digest = `${algorithm}:${hex}`;
        if (!isDigest(digest) || !hex.startsWith(shard)) continue;
        const file = await statFile(join(blobsPath(root), algorithm, shard, hex));
        if (file !== undefined) yield { digest, size: file.size };
      }
    }
  }
}

export interface StagingFile extends FileTimes {
  readonly id: string;
}

export async function* walkStaging(root: string): AsyncGenerator<StagingFile, void, undefined> {
  for (const id of await names(stagingPath(root))) {
    const file = await statFile(join(stagingPath(root), id));
    if (file === undefined) continue;
    yield { id, size: file.size, birthtime: file.birthtime, mtime: file.mtime };
  }
}

/** @returns `false` where there was no such file */
export async function unlinkFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return false;
    throw error;
  }
}
