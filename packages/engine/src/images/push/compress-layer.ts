import { open } from 'node:fs/promises';
import { compress, type Descriptor, Digester, MEDIA_TYPE_DOCKER_LAYER_GZIP } from '@berth/oci';
import { diskFull, isDiskFull } from '../disk-full.ts';

/** 4 takes 0.6 to 0.8 of the time of 6 for at most 3% more bytes (a Debian base, a binary; Node 24). */
const LEVEL = 4;

/**
 * Compresses a layer into a file, so that its digest is known before the first byte is sent. The same layer gives the
 * same digest on the same build of Node.
 *
 * @throws {EngineError} `DISK_FULL`; whatever `tar` throws
 */
export async function compressLayer(
  tar: AsyncIterable<Uint8Array>,
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Descriptor> {
  try {
    return await compressTo(tar, path, options);
  } catch (error) {
    throw isDiskFull(error) ? diskFull('the layer does not fit beside the images, compressed', error) : error;
  }
}

async function compressTo(
  tar: AsyncIterable<Uint8Array>,
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Descriptor> {
  const { signal } = options;
  await using file = await open(path, 'wx', 0o600);
  const digester = new Digester();
  let size = 0;
  for await (const chunk of compress(tar, 'gzip', {
    level: LEVEL,
    ...(signal === undefined ? {} : { signal }),
  })) {
    signal?.throwIfAborted();
    digester.update(chunk);
    size += chunk.length;
    // Where the disk is nearly full, the kernel takes a part and says how much, without an error.
    for (let done = 0; done < chunk.length; ) {
      done += (await file.write(chunk, done, chunk.length - done)).bytesWritten;
    }
  }
  return { mediaType: MEDIA_TYPE_DOCKER_LAYER_GZIP, digest: digester.digest(), size };
}

const READ_BYTES = 512 * 1024;

/** A file from an offset, once per call. */
export async function* readFileFrom(
  path: string,
  offset: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  await using file = await open(path, 'r');
  for (let position = offset; ; ) {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
