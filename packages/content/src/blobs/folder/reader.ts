import type { FileHandle } from 'node:fs/promises';
import type { Digest } from '@berth/oci';
import { checkRange } from '../errors.ts';
import type { BlobReader, ByteRange } from '../interface.ts';
import type { BufferPool } from './buffer-pool.ts';
import { readFileRange } from './read-file.ts';

export class FolderBlobReader implements BlobReader {
  readonly digest: Digest;
  readonly size: number;
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #pool: BufferPool;
  #isUsed = false;
  #closing: Promise<void> | undefined;

  constructor(options: {
    readonly digest: Digest;
    readonly size: number;
    readonly file: FileHandle;
    readonly path: string;
    readonly pool: BufferPool;
  }) {
    this.digest = options.digest;
    this.size = options.size;
    this.#file = options.file;
    this.#path = options.path;
    this.#pool = options.pool;
  }

  stream(
    options: { readonly range?: ByteRange; readonly signal?: AbortSignal } = {},
  ): AsyncIterable<Uint8Array> {
    if (this.#isUsed) throw new Error(`The reader of "${this.digest}" gives its bytes only once`);
    this.#isUsed = true;
    const range = checkRange(options.range, this);
    const { signal } = options;
    return readFileRange(this.#file, range, {
      pool: this.#pool,
      path: this.#path,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#file.close();
    await this.#closing;
  }
}
