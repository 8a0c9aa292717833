import { constants } from 'node:fs';
import {
  chmod,
  link,
  lstat,
  lutimes,
  mkdir,
  open,
  realpath,
  symlink,
  unlink,
  utimes,
} from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import { bytesToPath, pathToBytes, type TarEntry, type TarItem } from '@berth/oci';
import { VerbError } from '../interface.ts';

const MODE_BITS = 0o7777;

/**
 * Unpacks what came out of a container below a folder of this machine.
 *
 * A container may have put anything into it. So every entry's folder is looked up with all its links and must be the target or lie
 * in it; what stands in an entry's place is removed, never written through; files are made anew and follow no link. Owners are
 * this user's. Times and modes are the archive's; those of folders are set at the end, when nothing is made in them any more.
 *
 * @returns names of the entries that are not made: devices and pipes
 * @throws {VerbError} for an entry that would be outside, or that would replace a folder
 */
export async function unpackTar(
  items: AsyncIterable<TarItem>,
  folder: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const root = await realpath(folder);
  const skipped: string[] = [];
  const folders: { readonly path: Buffer; readonly entry: TarEntry }[] = [];
  for await (const { entry, content } of items) {
    signal.throwIfAborted();
    const path = await placeOf(root, entry.path);
    if (entry.type === 'char' || entry.type === 'block' || entry.type === 'fifo') {
      skipped.push(entry.path);
      continue;
    }
    await makeRoom(path, entry);
    if (entry.type === 'directory') folders.push({ path, entry });
    else if (entry.type === 'symlink') {
      await symlink(pathToBytes(entry.linkPath), path);
      await lutimes(path, seconds(entry), seconds(entry));
    } else if (entry.type === 'hardlink') await link(await placeOf(root, entry.linkPath), path);
    else await writeFile(path, entry, content);
  }
  for (const { path, entry } of folders.reverse()) {
    await chmod(path, entry.mode & MODE_BITS);
    await utimes(path, seconds(entry), seconds(entry));
  }
  return skipped;
}

/** The entry's place, its folder free of links. Folders that the archive does not name are made. */
async function placeOf(root: string, name: string): Promise<Buffer> {
  const words = name.split('/').filter((word) => word !== '' && word !== '.');
  if (words.includes('..') || name.includes('\0')) throw outside(name);
  const last = words.pop();
  let at = pathToBytes(root);
  for (const word of words) {
    const next = Buffer.concat([at, Buffer.from('/'), pathToBytes(word)]);
    try {
      await mkdir(next);
    } catch (error) {
      if (!hasCode(error) || error.code !== 'EEXIST') throw error;
    }
    at = await realpath(next, 'buffer');
    const real = bytesToPath(at);
    if (real !== root && !real.startsWith(root === '/' ? '/' : `${root}/`)) throw outside(name);
  }
  return last === undefined ? at : Buffer.concat([at, Buffer.from('/'), pathToBytes(last)]);
}

function outside(name: string): VerbError {
  return new VerbError(`cannot copy "${name}": it would be outside of the target`);
}

async function makeRoom(path: Buffer, entry: TarEntry): Promise<void> {
  const there = await kindOf(path);
  if (entry.type === 'directory') {
    if (there === 'folder') return;
    if (there === 'other')
      throw new VerbError(`cannot overwrite non-directory "${entry.path}" with directory`);
    await mkdir(path, 0o700);
    return;
  }
  if (there === 'folder')
    throw new VerbError(`cannot overwrite directory "${entry.path}" with non-directory`);
  if (there === 'other') await unlink(path);
}

async function kindOf(path: Buffer): Promise<'folder' | 'other' | undefined> {
  try {
    return (await lstat(path)).isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeFile(path: Buffer, entry: TarEntry, content: AsyncIterable<Uint8Array>): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  await using file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  const runs = entry.sparse ?? [{ offset: 0, length: entry.size }];
  let run = 0;
  let inRun = 0;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.byteLength; ) {
      while ((runs[run]?.length ?? Number.POSITIVE_INFINITY) === inRun) {
        run += 1;
        inRun = 0;
      }
      const { offset = 0, length = 0 } = runs[run] ?? {};
      const size = Math.min(chunk.byteLength - at, length - inRun);
      if (size <= 0) throw new VerbError(`cannot copy "${entry.path}": more bytes than it says`);
      await file.write(chunk, at, size, offset + inRun);
      at += size;
      inRun += size;
    }
  }
  await file.truncate(entry.size);
  await file.chmod(entry.mode & MODE_BITS);
  await file.utimes(seconds(entry), seconds(entry));
}

function seconds({ mtime }: TarEntry): number {
  return Number(mtime) / 1e9;
}
