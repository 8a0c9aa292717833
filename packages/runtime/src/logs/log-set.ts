import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hasCode } from '@berth/errors';

/** One file of a log, held open: it can be read to its end after it was put aside or removed. */
export interface OpenLogFile {
  readonly handle: FileHandle;
  readonly inode: bigint;
}

/** The files of a log as they are now, the oldest first. The caller closes them. */
export async function openLogFiles(path: string): Promise<OpenLogFile[]> {
  for (;;) {
    const before = await inodesOf(path);
    const files: OpenLogFile[] = [];
    try {
      for (const one of before) {
        const file = await openLogFile(one.path);
        if (file !== undefined) files.push(file);
      }
      const opened = files.map((file) => file.inode);
      const after = (await inodesOf(path)).map((one) => one.inode);
      // Put aside in between: one file would be there twice and another not at all.
      if (sameList(opened, after)) return files;
    } catch (error) {
      await closeAll(files);
      throw error;
    }
    await closeAll(files);
  }
}

/**
 * The file after this one; the oldest when this one was removed by now. `undefined`: this is the newest.
 */
export async function openNextFile(path: string, inode: bigint): Promise<OpenLogFile | undefined> {
  for (;;) {
    const files = await inodesOf(path);
    const at = files.findIndex((one) => one.inode === inode);
    const next = files[at + 1];
    if (next === undefined) return undefined;
    const file = await openLogFile(next.path);
    if (file?.inode === next.inode) return file;
    await file?.handle.close();
  }
}

export async function closeAll(files: readonly OpenLogFile[]): Promise<void> {
  for (const { handle } of files) await handle.close();
}

async function openLogFile(path: string): Promise<OpenLogFile | undefined> {
  const handle = await ifThere(() => open(path, constants.O_RDONLY | constants.O_NOFOLLOW));
  if (handle === undefined) return undefined;
  const { ino } = await handle.stat({ bigint: true });
  return { handle, inode: ino };
}

interface NamedFile {
  readonly path: string;
  readonly inode: bigint;
}

/** The oldest first: `path.2`, `path.1`, `path`. */
async function inodesOf(path: string): Promise<NamedFile[]> {
  const folder = dirname(path);
  const name = basename(path);
  const names = (await ifThere(() => readdir(folder))) ?? [];
  const numbers = names
    .filter((one) => one.startsWith(`${name}.`) && /^[1-9][0-9]*$/.test(one.slice(name.length + 1)))
    .map((one) => Number(one.slice(name.length + 1)))
    .sort((a, b) => b - a);
  const paths = [...numbers.map((number) => join(folder, `${name}.${number}`)), path];
  const found: NamedFile[] = [];
  for (const one of paths) {
    const there = await ifThere(() => lstat(one, { bigint: true }));
    // Seen under its old and its new name while it was put aside.
    if (there !== undefined && !found.some(({ inode }) => inode === there.ino))
      found.push({ path: one, inode: there.ino });
  }
  return found;
}

function sameList(a: readonly bigint[], b: readonly bigint[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

async function ifThere<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
