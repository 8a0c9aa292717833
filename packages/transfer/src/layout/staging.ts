import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import type { Digest, Digester } from '@berth/oci';
import { isAlive } from '../files/process-lock.ts';
import { readRange } from '../files/read-file.ts';

/**
 * Bytes on their way into a layout. They outlive the process, so that the next copy goes on with them:
 *
 *     <layout>/.berth/<alg>-<hex>.<pid>.<random>    pid = who writes now, 0 = nobody
 *
 * Taking over is a rename to one's own number: of two who try, one finds the file gone.
 */
export interface Partial extends AsyncDisposable {
  readonly path: string;
  readonly handle: FileHandle;
  /** Bytes there already. */
  readonly offset: number;
}

export async function openPartial(folder: string, digest: Digest): Promise<Partial> {
  const prefix = digest.replace(':', '-');
  const path = join(folder, `${prefix}.${process.pid}.${randomUUID()}`);
  const handle = (await takeOver(folder, prefix, path)) ?? (await create(folder, path));
  const { size } = await handle.stat();
  let closed: Promise<void> | undefined;
  return {
    path,
    handle,
    offset: size,
    [Symbol.asyncDispose]: () => {
      closed ??= leave(handle, { path, freed: join(folder, `${prefix}.0.${randomUUID()}`) });
      return closed;
    },
  };
}

/** Puts the bytes that are there into the hash, as if they had just come. */
export async function hashPartial(partial: Partial, digester: Digester): Promise<void> {
  for await (const chunk of readRange(partial.handle, { start: 0, length: partial.offset }))
    digester.update(chunk);
}

/** The folder is removed by whoever finds it empty, so it may go between making and using it. */
async function create(folder: string, path: string): Promise<FileHandle> {
  for (let tries = 1; ; tries += 1) {
    await mkdir(folder, { recursive: true });
    try {
      return await open(path, 'wx+', 0o644);
    } catch (error) {
      if (tries >= 10 || !hasCode(error) || error.code !== 'ENOENT') throw error;
    }
  }
}

async function takeOver(folder: string, prefix: string, path: string): Promise<FileHandle | undefined> {
  for (const name of await names(folder)) {
    if (!name.startsWith(`${prefix}.`) || isAlive(ownerOf(name))) continue;
    const entry = join(folder, name);
    // Who made the layout may have put a link there, to have a file elsewhere written: only a plain file is taken.
    if (!(await isPlainFile(entry)) || !(await renamed(entry, path))) continue;
    return open(path, constants.O_RDWR | constants.O_NOFOLLOW);
  }
  return undefined;
}

async function isPlainFile(path: string): Promise<boolean> {
  try {
    const found = await lstat(path);
    return found.isFile() && found.nlink === 1;
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return false;
    throw error;
  }
}

/** Closes, and gives the bytes free for whoever comes next; after a commit the name is gone already. */
async function leave(
  handle: FileHandle,
  { path, freed }: { readonly path: string; readonly freed: string },
): Promise<void> {
  const { size } = await handle.stat();
  await handle.close();
  if (size === 0) await rm(path, { force: true });
  else await renamed(path, freed);
}

async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return false;
    throw error;
  }
}

async function names(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (hasCode(error) && error.code === 'ENOENT') return [];
    throw error;
  });
}

function ownerOf(name: string): number {
  return Number(name.split('.')[1] ?? '0');
}
