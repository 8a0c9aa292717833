import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  constants,
  createGunzip,
  createGzip,
  createZstdCompress,
  createZstdDecompress,
  type Gunzip,
} from 'node:zlib';
import { hasCode } from '@berth/errors';
import { OciError } from './errors.ts';
import { canLendGunzip, lentGunzip } from './lent-gunzip.ts';
import { gatherChunks, peekBytes } from './streams.ts';
import { zstdFrames } from './zstd-frames.ts';

export type Compression = 'gzip' | 'zstd' | 'none';

const CHUNK_SIZE = 128 * 1024;
const MIN_CHUNK_SIZE = 64 * 1024;
const MAGIC_LENGTH = 4;

/**
 * What the first bytes say, as every engine decides it: media types are not asked. Four bytes are enough; fewer give
 * `none`. zstd's skippable frames are known too (zstd:chunked may begin with one).
 */
export function detectCompression(firstBytes: Uint8Array): Compression {
  const [a, b, c, d] = firstBytes;
  if (a === 0x1f && b === 0x8b && c === 0x08) return 'gzip';
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return 'zstd';
  const isSkippable = a !== undefined && a >= 0x50 && a <= 0x5f && b === 0x2a && c === 0x4d && d === 0x18;
  return isSkippable ? 'zstd' : 'none';
}

export interface CompressionOptions {
  /** Ends the call with an `AbortError`; nothing remains, the source is closed. */
  readonly signal?: AbortSignal;
}

export interface DecompressOptions extends CompressionOptions {
  /**
   * Each chunk given out, and each one taken from a gzip source, is only good until the next is asked for: less memory passes
   * by, and with gzip all work is done on this thread. `signal` is then the source's to look at.
   */
  readonly isLent?: boolean;
}

/**
 * Gives the uncompressed bytes of gzip (several members too), zstd (several and skippable frames too) or neither,
 * in chunks of at least 64 KiB where the stream has them. The source is closed when the consumer stops early.
 *
 * There is no limit on the output: whoever does not trust the bytes counts them.
 *
 * @throws {OciError} `COMPRESSION_INVALID` for damage, truncation and bytes after the end
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  options: DecompressOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { firstBytes, stream } = await peekBytes(source, MAGIC_LENGTH);
  const compression = detectCompression(firstBytes);
  if (compression === 'none') yield* stream;
  else if (compression === 'gzip' && options.isLent === true && canLendGunzip())
    yield* decoded('gzip', lentGunzip(stream));
  else if (compression === 'gzip') yield* gatherChunks(gunzip(stream, options), MIN_CHUNK_SIZE);
  else yield* gatherChunks(unzstd(stream, options), MIN_CHUNK_SIZE);
}

export interface CompressOptions extends CompressionOptions {
  /** gzip 0 to 9 (default 6), zstd 1 to 22 (default 3). */
  readonly level?: number;
}

/** Compresses; the same bytes and options give the same result on the same build of Node. */
export function compress(
  source: AsyncIterable<Uint8Array>,
  compression: Exclude<Compression, 'none'>,
  options: CompressOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { level } = options;
  const params = { [constants.ZSTD_c_checksumFlag]: 1, [constants.ZSTD_c_compressionLevel]: level ?? 3 };
  const encoder =
    compression === 'gzip'
      ? createGzip({ chunkSize: CHUNK_SIZE, level: level ?? 6 })
      : createZstdCompress({ chunkSize: CHUNK_SIZE, params });
  return gatherChunks(through(source, encoder, options), MIN_CHUNK_SIZE);
}

async function* gunzip(
  source: AsyncIterable<Uint8Array>,
  options: CompressionOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder: Gunzip = createGunzip({ chunkSize: CHUNK_SIZE });
  let sizeBytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of source) {
      sizeBytes += chunk.byteLength;
      yield chunk;
    }
  }
  yield* decoded('gzip', through(counted(), decoder, options));
  // Node ends quietly at zero bytes after a member, whatever follows them.
  if (decoder.bytesWritten < sizeBytes) {
    throw new OciError(
      'COMPRESSION_INVALID',
      'Cannot decompress gzip: there are bytes after the end of the stream',
    );
  }
}

function unzstd(
  source: AsyncIterable<Uint8Array>,
  options: CompressionOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = createZstdDecompress({ chunkSize: CHUNK_SIZE });
  return decoded('zstd', through(zstdFrames(source), decoder, options));
}

const REASONS: Readonly<Record<string, string>> = {
  Z_BUF_ERROR: 'the stream ends early',
  ZSTD_error_frameParameter_windowTooLarge: 'it needs a window of more than 128 MiB',
};

async function* decoded(
  format: string,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* bytes;
  } catch (cause) {
    if (!hasCode(cause) || !/^(?:Z_|ZSTD_)/.test(cause.code)) throw cause;
    const reason = REASONS[cause.code] ?? 'the stream is damaged';
    throw new OciError('COMPRESSION_INVALID', `Cannot decompress ${format}: ${reason}`, {
      hint: 'Fetch or make the file again',
      cause,
    });
  }
}

async function* through(
  source: AsyncIterable<Uint8Array>,
  transform: Transform,
  options: CompressionOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  // Errors of either side come out of the transform; this promise only tells when the source is closed.
  const feeding = pipeline(source, transform, {
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  }).then(
    () => undefined,
    () => undefined,
  );
  try {
    yield* transform as AsyncIterable<Uint8Array>;
  } finally {
    transform.destroy();
    await feeding;
  }
}
