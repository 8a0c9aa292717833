import type { FileHandle } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import { TransferError } from '../errors.ts';

const CHUNK_BYTES = 256 * 1024;

export interface FileRange {
  readonly start: number;
  readonly length: number;
  readonly signal?: AbortSignal | undefined;
  /** All chunks are in the same memory: one is good until the next is asked for. */
  readonly reusesMemory?: boolean | undefined;
}

/** Bytes of an open file, fewer when it is shorter; the handle stays open. Each chunk has its own memory, unless asked otherwise. */
export async function* readRange(handle: FileHandle, range: FileRange): AsyncGenerator<Uint8Array> {
  let { start, length } = range;
  const shared = range.reusesMemory === true ? Buffer.allocUnsafeSlow(CHUNK_BYTES) : undefined;
  while (length > 0) {
    range.signal?.throwIfAborted();
    const buffer = shared ?? Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, length));
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, length), start);
    if (bytesRead === 0) return;
    start += bytesRead;
    length -= bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Gives file errors a code and words; what is no file error is given back as it is. */
export function fileFailure(error: unknown, action: string): unknown {
  if (!hasCode(error) || typeof (error as NodeJS.ErrnoException).syscall !== 'string') return error;
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(error.code)) {
    return new TransferError('DISK_FULL', `Cannot ${action}: no space left`, {
      cause: error,
      hint: 'Free some space and run the same command again: what arrived so far is kept',
    });
  }
  return new TransferError('FILE_UNUSABLE', `Cannot ${action}: ${reasons[error.code] ?? error.message}`, {
    cause: error,
  });
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  EEXIST: 'it is there already',
};
