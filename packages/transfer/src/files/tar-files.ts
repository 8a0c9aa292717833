import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  cleanArchivePath,
  detectCompression,
  OciError,
  readTar,
  resolveArchiveLink,
  type TarEntry,
} from '@berth/oci';
import type { FileSet } from './file-set.ts';
import { fileFailure, readRange } from './read-file.ts';
import { unpack } from './unpack.ts';
import { writeAll } from './write-all.ts';

interface Member {
  readonly start: number;
  readonly size: number;
}

/** More steps from link to link than any archive has. */
const MAX_LINKS = 16;
/** Each is held in memory with its name; images with hundreds of layers have some thousand. */
const MAX_MEMBERS = 100_000;

/**
 * The members of a tar file, each readable from any offset. The tar is walked once to find them; one that is
 * compressed is unpacked into a temporary file first, which is gone with the process.
 *
 * @throws {OciError} `TAR_INVALID`, `ARCHIVE_INVALID`, `COMPRESSION_INVALID`
 * @throws {TransferError} `FILE_UNUSABLE`, `DISK_FULL`
 */
export async function openTarFiles(
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<FileSet> {
  const handle = await openPlain(path, options.signal).catch((error: unknown) => {
    throw fileFailure(error, `read "${path}"`);
  });
  try {
    const { size } = await handle.stat();
    const source = readRange(handle, { start: 0, length: size, signal: options.signal });
    return tarFiles(handle, await walk(source, options.signal));
  } catch (error) {
    await handle.close();
    throw fileFailure(error, `read "${path}"`);
  }
}

/** What is written together: a call of the disk for each chunk of a socket would cost more than the bytes. */
const WRITTEN_BYTES = 1024 * 1024;

/**
 * The members of a tar that comes as a stream, compressed or not: its plain bytes are kept in a new file at `path`, and
 * the members found on the way. The caller removes the file when it has closed what it got, and after a failure.
 *
 * @throws {OciError} `TAR_INVALID`, `ARCHIVE_INVALID`, `COMPRESSION_INVALID`; whatever `source` throws
 * @throws {TransferError} `DISK_FULL`, `FILE_UNUSABLE`
 */
export async function stageTarFiles(
  source: AsyncIterable<Uint8Array>,
  options: { readonly path: string; readonly signal?: AbortSignal | undefined },
): Promise<FileSet> {
  const { path, signal } = options;
  const handle = await open(path, 'wx+', 0o600).catch((error: unknown) => {
    throw fileFailure(error, `write "${path}"`);
  });
  // One buffer for all: new ones of this size make V8 collect garbage again and again.
  const buffer = Buffer.allocUnsafeSlow(WRITTEN_BYTES);
  let used = 0;
  async function* written(): AsyncGenerator<Uint8Array> {
    for await (const chunk of unpack(source, { what: 'the archive', signal })) {
      for (let rest = chunk; rest.length > 0; ) {
        const part = rest.subarray(0, buffer.length - used);
        buffer.set(part, used);
        used += part.length;
        rest = rest.subarray(part.length);
        if (used < buffer.length) break;
        await writeAll(handle, buffer);
        used = 0;
      }
      yield chunk;
    }
  }
  try {
    const index = await walk(written(), signal);
    await writeAll(handle, buffer.subarray(0, used));
    return tarFiles(handle, index);
  } catch (error) {
    await handle.close();
    throw fileFailure(error, `write "${path}"`);
  }
}

interface TarIndex {
  readonly members: ReadonlyMap<string, Member>;
  readonly links: ReadonlyMap<string, string>;
}

function tarFiles(handle: FileHandle, { members, links }: TarIndex): FileSet {
  const find = (name: string): Member | undefined => {
    let at: string | undefined = name;
    for (let steps = 0; at !== undefined && steps < MAX_LINKS; steps += 1) {
      const member = members.get(at);
      if (member !== undefined) return member;
      at = links.get(at);
    }
    return undefined;
  };
  let closed: Promise<void> | undefined;
  return {
    size: async (name) => find(cleanArchivePath(name))?.size,
    async *read(name, { offset = 0, signal, reusesMemory } = {}) {
      const member = find(cleanArchivePath(name));
      if (member === undefined) return;
      const range = { start: member.start + offset, length: member.size - offset };
      yield* readRange(handle, { ...range, signal, reusesMemory });
    },
    [Symbol.asyncDispose]: () => {
      closed ??= handle.close();
      return closed;
    },
  };
}

async function walk(source: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<TarIndex> {
  const members = new Map<string, Member>();
  const links = new Map<string, string>();
  // What is not content comes by `keepRaw` before its entry, so the sum of both is where content begins.
  let position = 0;
  const keepRaw = (piece: Uint8Array) => {
    position += piece.length;
  };
  for await (const { entry } of readTar(source, { keepRaw, ...(signal && { signal }) })) {
    if (entry.type === 'directory') continue;
    const name = cleanArchivePath(entry.path);
    if (entry.type === 'file') {
      if (entry.sparse !== undefined) throw unusable(entry, 'a sparse file');
      links.delete(name);
      members.set(name, { start: position, size: entry.size });
      position += entry.size;
    } else if (entry.type === 'symlink' || entry.type === 'hardlink') {
      // Older archives name equal layers by links: "<id>/layer.tar" → "../<other id>/layer.tar".
      const { type, linkPath } = entry;
      members.delete(name);
      links.set(name, type === 'symlink' ? resolveArchiveLink(name, linkPath) : cleanArchivePath(linkPath));
    } else throw unusable(entry, `a ${entry.type}`);
    if (members.size + links.size > MAX_MEMBERS) {
      throw new OciError(
        'ARCHIVE_INVALID',
        `Cannot use the archive: it has more than ${MAX_MEMBERS} members`,
      );
    }
  }
  return { members, links };
}

function unusable({ path }: TarEntry, what: string): OciError {
  return new OciError('ARCHIVE_INVALID', `Cannot use "${path}" of the archive: it is ${what}`, {
    hint: 'An archive of images holds plain files; write it again with docker save or podman save',
  });
}

async function openPlain(path: string, signal: AbortSignal | undefined): Promise<FileHandle> {
  const handle = await open(path, 'r');
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    if (detectCompression(buffer) === 'none') return handle;
    const plain = await openTemporary();
    try {
      const { size } = await handle.stat();
      const source = readRange(handle, { start: 0, length: size, signal });
      for await (const chunk of unpack(source, { what: `"${path}"`, signal })) await writeAll(plain, chunk);
    } catch (error) {
      await plain.close();
      throw error;
    }
    await handle.close();
    return plain;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** A file without a name: it is gone when it is closed, whatever happens to the process. */
async function openTemporary(): Promise<FileHandle> {
  const path = join(tmpdir(), `berth-archive-${randomUUID()}`);
  const handle = await open(path, 'wx+', 0o600);
  await rm(path);
  return handle;
}
