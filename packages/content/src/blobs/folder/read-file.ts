import type { FileHandle } from 'node:fs/promises';
import { ContentError } from '../../errors.ts';
import type { ByteRange } from '../interface.ts';
import { allocate, type BufferPlan } from './buffer-plan.ts';

/**
 * Reads a part of a file through two buffers: while the consumer works on one, the other is filled. A chunk is
 * valid until the next one is asked for.
 *
 * @throws {ContentError} `BLOB_CORRUPT` when the file ends before the range does
 */
export async function* readFileRange(
  file: FileHandle,
  range: ByteRange,
  options: { readonly plan: BufferPlan; readonly path: string; readonly signal?: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { plan, path, signal } = options;
  const end = range.last + 1;
  if (range.first >= end) return;
  using _place = plan.enter();
  let position = range.first;
  let spare: Buffer<ArrayBuffer> | undefined;
  let ahead: Promise<Buffer<ArrayBuffer>> | undefined;

  /** Fills `buffer`, or one of a better size, from `position` on; the file knows how far it is. */
  async function fill(): Promise<Buffer<ArrayBuffer>> {
    const wanted = Math.min(plan.sizeBytes, end - position);
    const buffer = spare !== undefined && isGoodFor(spare, wanted) ? spare : allocate(wanted);
    spare = undefined;
    const length = Math.min(buffer.length, wanted);
    const start = position;
    position += length;
    let got = 0;
    while (got < length) {
      const { bytesRead } = await file.read(buffer, got, length - got, start + got);
      if (bytesRead === 0) throw cutShort(path, { expected: end, actual: start + got });
      got += bytesRead;
    }
    return length === buffer.length ? buffer : buffer.subarray(0, length);
  }

  try {
    ahead = fill();
    while (ahead !== undefined) {
      const chunk: Buffer<ArrayBuffer> = await ahead;
      signal?.throwIfAborted();
      ahead = position < end ? fill() : undefined;
      yield chunk;
      spare = chunk;
    }
  } finally {
    // The file may be closed next: the read that is under way must have ended.
    await ahead?.catch(() => {});
  }
}

/** A buffer that is far too large is let go, so that memory follows the plan. */
function isGoodFor(buffer: Buffer, wanted: number): boolean {
  return buffer.length >= wanted && buffer.length <= 2 * wanted;
}

function cutShort(path: string, sizes: { readonly expected: number; readonly actual: number }): ContentError {
  return new ContentError(
    'BLOB_CORRUPT',
    `Cannot read "${path}": it ends after ${sizes.actual} bytes, expected at least ${sizes.expected}`,
    { hint: 'Run "berth check --deep" and push the image again', detail: { path, ...sizes } },
  );
}
