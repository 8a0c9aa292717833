import type { FileHandle } from 'node:fs/promises';
import { ContentError } from '../../errors.ts';
import type { ByteRange } from '../interface.ts';
import type { BufferPool } from './buffer-pool.ts';

/**
 * Reads a part of a file through two buffers: while the consumer works on one, the other is filled. A chunk is
 * valid until the next one is asked for.
 *
 * @throws {ContentError} `BLOB_CORRUPT` when the file ends before the range does
 */
export async function* readFileRange(
  file: FileHandle,
  range: ByteRange,
  options: { readonly pool: BufferPool; readonly path: string; readonly signal?: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { pool, path, signal } = options;
  const end = range.last + 1;
  const pair: [Buffer?, Buffer?] = [];
  let position = range.first;
  let shown: Buffer | undefined;
  let ahead: Promise<Uint8Array> | undefined;

  function take(): Buffer {
    const left = end - position;
    return left < pool.smallBytes ? Buffer.allocUnsafeSlow(left) : pool.take();
  }

  async function fill(side: 0 | 1): Promise<Uint8Array> {
    pair[side] ??= take();
    const buffer = pair[side];
    const start = position;
    const length = Math.min(buffer.length, end - start);
    position += length;
    let got = 0;
    while (got < length) {
      const { bytesRead } = await file.read(buffer, got, length - got, start + got);
      if (bytesRead === 0) throw cutShort(path, { expected: end, actual: start + got });
      got += bytesRead;
    }
    return buffer.subarray(0, length);
  }

  try {
    if (position < end) ahead = fill(0);
    for (let side: 0 | 1 = 0; ahead !== undefined; side = side === 0 ? 1 : 0) {
      const chunk: Uint8Array = await ahead;
      signal?.throwIfAborted();
      ahead = position < end ? fill(side === 0 ? 1 : 0) : undefined;
      shown = pair[side];
      yield chunk;
      shown = undefined;
    }
  } finally {
    // The file may be closed and the buffers given away next: the read that is under way must have ended.
    await ahead?.catch(() => {});
    for (const buffer of pair) {
      if (buffer === undefined) continue;
      // Left in the middle: the last chunk may still be on its way to a socket.
      if (buffer === shown) pool.forget(buffer);
      else pool.give(buffer);
    }
  }
}

function cutShort(path: string, sizes: { readonly expected: number; readonly actual: number }): ContentError {
  return new ContentError(
    'BLOB_CORRUPT',
    `Cannot read "${path}": it ends after ${sizes.actual} bytes, expected at least ${sizes.expected}`,
    { hint: 'Run "berth check --deep" and push the image again', detail: { path, ...sizes } },
  );
}
