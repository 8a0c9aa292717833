import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { readRange } from './read-file.ts';

/** Files by their path with "/", read only: a folder, or the members of a tar. */
export interface FileSet extends AsyncDisposable {
  /** Bytes of the file; `undefined` where there is none. */
  size(path: string): Promise<number | undefined>;
  /** From `offset` to the end; ends early when the file is shorter than it was. */
  read(
    path: string,
    options?: {
      readonly offset?: number;
      readonly signal?: AbortSignal | undefined;
      readonly reusesMemory?: boolean | undefined;
    },
  ): AsyncIterable<Uint8Array>;
}

export function folderFiles(root: string): FileSet {
  return {
    async size(path) {
      await using handle = await openFile(join(root, path));
      return (await handle?.stat())?.size;
    },
    async *read(path, { offset = 0, signal, reusesMemory } = {}) {
      await using handle = await openFile(join(root, path));
      if (handle === undefined) return;
      const { size } = await handle.stat();
      yield* readRange(handle, { start: offset, length: size - offset, signal, reusesMemory });
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Regular files only: opening a pipe would wait for its writer, without end and without a way to stop. */
async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
    return undefined;
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ENOTDIR'].includes(error.code)) return undefined;
    throw error;
  }
}
