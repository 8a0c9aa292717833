import { hasCode } from '@berth/errors';
import { type Compression, decompress, detectCompression } from './compression.ts';
import { type Digest, Digester, digestAlgorithm, isDigest } from './digest.ts';
import type { ImageMismatchCode } from './image-mismatch.ts';
import { peekBytes } from './streams.ts';
import { readTar } from './tar/read-tar.ts';

export interface LayerFault {
  readonly code: Extract<ImageMismatchCode, 'LAYER_COMPRESSION' | 'LAYER_TAR'>;
  readonly message: string;
}

export interface LayerReport {
  /** Of the bytes as they are; `undefined` when they cannot be decompressed. */
  readonly diffID: Digest | undefined;
  readonly faults: readonly LayerFault[];
}

interface InspectOptions {
  readonly mediaType: string;
  /** Only its algorithm is looked at. */
  readonly diffID: string | undefined;
  readonly signal?: AbortSignal;
}

/** Decompresses a layer, hashes its tar and reads it through. `open` is called up to three times. */
export async function inspectLayer(
  open: () => AsyncIterable<Uint8Array> | undefined,
  options: InspectOptions,
): Promise<LayerReport> {
  const faults: LayerFault[] = [];
  const announced = announcedCompression(options.mediaType);
  const actual = await compressionOf(open());
  if (announced !== undefined && actual !== announced) {
    const message = `Expected compression "${announced}" from media type "${options.mediaType}", got "${actual}"`;
    faults.push({ code: 'LAYER_COMPRESSION', message });
  }
  const tar = await attempt(() => hashTar(open(), { ...options, isTarRead: true }));
  if (tar.value !== undefined) return { diffID: tar.value, faults };
  if (tar.code === 'COMPRESSION_INVALID') {
    return { diffID: undefined, faults: [...faults, { code: 'LAYER_COMPRESSION', message: tar.message }] };
  }
  // The reader stopped where the tar is damaged; the digest is over all of it.
  const bytes = await attempt(() => hashTar(open(), { ...options, isTarRead: false }));
  return { diffID: bytes.value, faults: [...faults, { code: 'LAYER_TAR', message: tar.message }] };
}

/** `undefined` for media types that say nothing about compression. @see image-spec v1.1 media-types.md */
function announcedCompression(mediaType: string): Compression | undefined {
  if (/[+.]gzip$/.test(mediaType)) return 'gzip';
  if (/[+.]zstd$/.test(mediaType)) return 'zstd';
  return mediaType.endsWith('.tar') ? 'none' : undefined;
}

async function compressionOf(source: AsyncIterable<Uint8Array> | undefined): Promise<Compression> {
  if (source === undefined) return 'none';
  const { firstBytes, stream } = await peekBytes(source, 4);
  for await (const _ of stream) break;
  return detectCompression(firstBytes);
}

interface HashTarOptions extends InspectOptions {
  readonly isTarRead: boolean;
}

async function hashTar(
  source: AsyncIterable<Uint8Array> | undefined,
  options: HashTarOptions,
): Promise<Digest> {
  const { diffID, signal, isTarRead } = options;
  const digester = new Digester(
    diffID !== undefined && isDigest(diffID) ? digestAlgorithm(diffID) : 'sha256',
  );
  async function* hashed(): AsyncGenerator<Uint8Array, void, undefined> {
    if (source === undefined) return;
    for await (const chunk of decompress(source, signal === undefined ? {} : { signal })) {
      digester.update(chunk);
      yield chunk;
    }
  }
  const consumed = isTarRead ? readTar(hashed(), { allowMissingEnd: true }) : hashed();
  for await (const _ of consumed);
  return digester.digest();
}

type Attempt =
  | { readonly value: Digest; readonly code?: undefined }
  | { readonly value?: undefined; readonly code: string; readonly message: string };

async function attempt(work: () => Promise<Digest>): Promise<Attempt> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!hasCode(error) || !['COMPRESSION_INVALID', 'TAR_INVALID'].includes(error.code)) throw error;
    return { code: error.code, message: error.message };
  }
}
