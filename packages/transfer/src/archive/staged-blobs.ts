import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type Descriptor, type Digest, Digester, digestHex } from '@berth/oci';
import { fileFailure } from '../files/read-file.ts';
import { unpack } from '../files/unpack.ts';
import { writeAll } from '../files/write-all.ts';
import type { PutBlobOptions, PutBlobResult } from '../interface.ts';
import type { OpenBlob } from '../remote/upload-body.ts';

/** A blob as it will lie in the archive: without its compression. */
export interface StagedBlob {
  readonly path: string;
  /** Bytes, uncompressed. */
  readonly size: number;
  /** Of the uncompressed bytes: a layer's diffID. */
  readonly digest: Digest;
}

/** Blobs that wait in a folder until their archive is written; the caller removes the folder. */
export class StagedBlobs {
  readonly #folder: string;
  readonly #blobs = new Map<Digest, StagedBlob>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  get(digest: Digest): StagedBlob | undefined {
    return this.#blobs.get(digest);
  }

  async put(
    descriptor: Descriptor,
    options: PutBlobOptions & { readonly open: OpenBlob },
  ): Promise<PutBlobResult> {
    if (this.#blobs.has(descriptor.digest)) return 'exists';
    const path = join(this.#folder, digestHex(descriptor.digest));
    try {
      const what = `blob "${descriptor.digest}"`;
      const written = await this.#write(`${path}.part`, { ...options, what });
      await rename(`${path}.part`, path);
      this.#blobs.set(descriptor.digest, { path, ...written });
      return 'copied';
    } catch (error) {
      throw fileFailure(error, `write "${path}"`);
    }
  }

  async #write(
    path: string,
    {
      open: openSource,
      what,
      signal,
      onProgress,
      onRetry,
    }: PutBlobOptions & { readonly open: OpenBlob; readonly what: string },
  ): Promise<{ size: number; digest: Digest }> {
    const handle = await open(path, 'w', 0o600);
    try {
      const digester = new Digester();
      const source = openSource({ ...(signal && { signal }), ...(onRetry && { onRetry }) });
      let size = 0;
      for await (const chunk of unpack(counted(source, onProgress), { what, signal })) {
        digester.update(chunk);
        await writeAll(handle, chunk);
        size += chunk.length;
      }
      return { size, digest: digester.digest() };
    } finally {
      await handle.close();
    }
  }
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  onProgress: ((doneBytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of source) {
    yield chunk;
    done += chunk.length;
    onProgress?.(done);
  }
}
