import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '@berth/errors';
import { writeAll } from './write-all.ts';

/** Makes the names in a folder durable. A file system that cannot sync folders is left as it is. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!hasCode(error) || !['EINVAL', 'ENOTSUP'].includes(error.code)) throw error;
  } finally {
    await handle.close();
  }
}

/** Replaces a file in one step: temp in the same folder, sync, rename, sync of the folder. */
export async function replaceFile(
  path: string,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: { readonly mode?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const temporary = join(dirname(path), `.berth-${randomUUID()}`);
  const handle = await open(temporary, 'wx', options.mode ?? 0o644);
  try {
    try {
      for await (const chunk of content) {
        options.signal?.throwIfAborted();
        await writeAll(handle, chunk);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}
