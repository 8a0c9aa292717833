import type { FileHandle } from 'node:fs/promises';
import type { BufferPool } from './buffer-pool.ts';

/** One is being filled while the others are on their way. */
const BUFFERS = 3;

/**
 * Appends to a file: gathers small chunks into large writes, and writes while the caller goes on.
 *
 * Writes go one after another, so after a failure everything up to `written` is in the file and nothing behind
 * it counts. Every `syncEveryBytes` the disk is told to begin: the sync at the end then has little left to do.
 */
export class AppendFile {
  readonly #file: FileHandle;
  readonly #pool: BufferPool;
  readonly #syncEveryBytes: number;
  readonly #free: Buffer[] = [];
  #buffer: Buffer | undefined;
  #filled = 0;
  #buffers = 0;
  #written: number;
  #writing: Promise<void> = Promise.resolve();
  #freed: (() => void) | undefined;
  #failure: unknown;
  #syncedUpTo: number;
  #syncing: Promise<void> | undefined;
  #syncFailure: unknown;

  constructor(
    file: FileHandle,
    options: { readonly offset: number; readonly pool: BufferPool; readonly syncEveryBytes: number },
  ) {
    this.#file = file;
    this.#pool = options.pool;
    this.#syncEveryBytes = options.syncEveryBytes;
    this.#written = options.offset;
    this.#syncedUpTo = options.offset;
  }

  /** Bytes in the file, from its start, without a gap. */
  get written(): number {
    return this.#written;
  }

  /** A background sync has failed: what the file holds on the disk is unknown. */
  get syncFailure(): unknown {
    return this.#syncFailure;
  }

  /** Takes the bytes over; the chunk may be used again when it resolves. */
  async append(chunk: Uint8Array): Promise<void> {
    let taken = 0;
    while (taken < chunk.length) {
      if (this.#failure !== undefined) throw this.#failure;
      const buffer = this.#buffer ?? (await this.#nextBuffer());
      const part = chunk.subarray(taken, taken + buffer.length - this.#filled);
      buffer.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled === buffer.length) this.#send();
    }
  }

  /** Everything is in the file when it resolves; nothing can be appended afterwards. */
  async finish(): Promise<void> {
    this.#send();
    await this.#writing;
    await this.#syncing;
    for (const buffer of this.#free) this.#pool.give(buffer);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #nextBuffer(): Promise<Buffer> {
    while (this.#free.length === 0 && this.#buffers >= BUFFERS) {
      await new Promise<void>((resolve) => {
        this.#freed = resolve;
      });
    }
    this.#buffer = this.#free.pop() ?? this.#takeBuffer();
    return this.#buffer;
  }

  #takeBuffer(): Buffer {
    this.#buffers += 1;
    // Most blobs are small: only the second buffer of a write may be a large one.
    return this.#buffers === 1 ? this.#pool.takeSmall() : this.#pool.take();
  }

  #send(): void {
    const buffer = this.#buffer;
    const length = this.#filled;
    if (buffer === undefined || length === 0) return;
    this.#buffer = undefined;
    this.#filled = 0;
    this.#writing = this.#writing.then(async () => {
      try {
        if (this.#failure === undefined) await this.#write(buffer, length);
      } catch (error) {
        this.#failure = error;
      }
      this.#free.push(buffer);
      this.#freed?.();
    });
  }

  async #write(buffer: Buffer, length: number): Promise<void> {
    let done = 0;
    while (done < length) {
      const { bytesWritten } = await this.#file.write(buffer, done, length - done, this.#written);
      done += bytesWritten;
      this.#written += bytesWritten;
    }
    if (this.#syncing === undefined && this.#written - this.#syncedUpTo >= this.#syncEveryBytes)
      this.#syncAhead();
  }

  #syncAhead(): void {
    this.#syncedUpTo = this.#written;
    this.#syncing = this.#file.datasync().then(
      () => {
        this.#syncing = undefined;
      },
      (error: unknown) => {
        this.#syncFailure ??= error;
        this.#failure ??= error;
      },
    );
  }
}
