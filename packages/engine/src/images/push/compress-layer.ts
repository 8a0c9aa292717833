import { open } from 'node:fs/promises';
import { compress, type Descriptor, Digester, MEDIA_TYPE_DOCKER_LAYER_GZIP } from '@berth/oci';

/** 4 is half the time of 6 for 3% more bytes. */
const LEVEL = 4;

/**
 * Compresses a layer into a file, so that its digest is known before the first byte is sent. The same layer gives the
 * same digest on the same build of Node.
 */
export async function compressLayer(
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
    await file.writev([chunk]);
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
