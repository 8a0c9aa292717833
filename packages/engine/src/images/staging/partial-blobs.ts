import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Descriptor, type Digest, verifyStream } from '@berth/oci';
import type { ImageSource, RetryNotice } from '@berth/transfer';
import { PartWriter } from './part-writer.ts';
import { fileSize, removeFile, type Staging } from './staging.ts';

const READ_BYTES = 1024 * 1024;
/** Below this a blob is fetched again sooner than it is kept. */
export const KEPT_FROM_BYTES = 8 * 1024 * 1024;

export interface PartialBlobOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: ((notice: RetryNotice) => void) | undefined;
}

/**
 * Blobs of a registry that go on where an earlier download was cut, also after a restart.
 *
 * The bytes of a large blob are kept beside their use until the layer is there. The next `read` gives those first and asks
 * the source for the rest; the digest is taken over all of it, so that a part that is damaged (a power cut) is found
 * at the end: then `forget` it and begin again.
 */
export class PartialBlobs {
  readonly #staging: Staging;
  readonly #keepFromBytes: number;
  /** A second reader of the same blob does without. */
  readonly #inUse = new Set<Digest>();

  constructor(staging: Staging, options: { readonly keepFromBytes?: number } = {}) {
    this.#staging = staging;
    this.#keepFromBytes = options.keepFromBytes ?? KEPT_FROM_BYTES;
  }

  /** Bytes that are here of a blob. */
  async size(descriptor: Descriptor): Promise<number> {
    const size = (await fileSize(this.#staging.partPath(descriptor.digest))) ?? 0;
    return size > descriptor.size ? 0 : size;
  }

  /** The whole blob, verified as it ends. */
  async *read(
    source: ImageSource,
    descriptor: Descriptor,
    options: PartialBlobOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { digest, size } = descriptor;
    if (size < this.#keepFromBytes || this.#inUse.has(digest)) {
      yield* source.blob(descriptor, callOptions(options));
      return;
    }
    this.#inUse.add(digest);
    try {
      const have = await this.size(descriptor);
      const bytes = this.#joined(source, descriptor, { ...options, have });
      // A source that begins at the beginning verifies by itself.
      yield* have === 0 ? bytes : verifyStream(bytes, { digest, size });
    } finally {
      this.#inUse.delete(digest);
    }
  }

  /** Removes what is here of a blob: it is whole elsewhere, or it was wrong. */
  async forget(digest: Digest): Promise<void> {
    await removeFile(this.#staging.partPath(digest));
  }

  /** Removes all that nobody is reading. @returns bytes freed */
  async clear(): Promise<number> {
    const inUse = new Set([...this.#inUse].map((digest) => this.#staging.partPath(digest)));
    let bytes = 0;
    for (const name of await this.#staging.partNames()) {
      const path = join(this.#staging.folder, name);
      if (inUse.has(path)) continue;
      bytes += (await fileSize(path)) ?? 0;
      await removeFile(path);
    }
    return bytes;
  }

  async *#joined(
    source: ImageSource,
    descriptor: Descriptor,
    { have, ...options }: PartialBlobOptions & { readonly have: number },
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const path = this.#staging.partPath(descriptor.digest);
    if (have > 0) yield* readFileFrom(path, have);
    if (have === descriptor.size) return;
    await using writer = await PartWriter.open(path, have);
    let isKept = true;
    for await (const chunk of source.blob(descriptor, { ...callOptions(options), offset: have })) {
      if (isKept && !(await writer.append(chunk))) {
        isKept = false;
        // No room: the download goes on, and what was kept goes first.
        await removeFile(path);
      }
      yield chunk;
    }
  }
}

function callOptions({ signal, onRetry }: PartialBlobOptions): {
  signal?: AbortSignal;
  onRetry?: (notice: RetryNotice) => void;
} {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(onRetry === undefined ? {} : { onRetry }),
  };
}

async function* readFileFrom(path: string, length: number): AsyncGenerator<Uint8Array, void, undefined> {
  await using handle = await open(path, 'r');
  for (let position = 0; position < length; ) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, length - position));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
