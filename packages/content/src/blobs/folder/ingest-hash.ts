import { type Digest, type DigestAlgorithm, Digester } from '@berth/oci';
import type { FollowedHash, HashThread } from './hash-thread.ts';

/** Smaller blobs are hashed as they come: asking another thread would take longer. */
const INLINE_BYTES = 4 * 1024 * 1024;
/** The other thread is told of new bytes in such portions. */
const PORTION_BYTES = 1024 * 1024;

/**
 * The hash of an ingest, made while its bytes come: the first few here, and when it turns out to be large, all of
 * it by the hash thread, from the file.
 */
export class IngestHash implements Disposable {
  readonly #thread: HashThread;
  readonly #path: string;
  #inline: Digester | undefined;
  #followed: FollowedHash | undefined;
  #taken = 0;
  #told = 0;

  /** @param options.offset bytes that the file holds already */
  constructor(thread: HashThread, options: { readonly path: string; readonly offset: number }) {
    this.#thread = thread;
    this.#path = options.path;
    if (options.offset === 0) this.#inline = new Digester();
    else this.#follow(options.offset);
  }

  /** Another thread is at it: the time until the digest can be used otherwise. */
  get isFollowed(): boolean {
    return this.#followed !== undefined;
  }

  /** The next bytes, before they are in the file. */
  update(chunk: Uint8Array): void {
    if (this.#inline === undefined) return;
    this.#taken += chunk.length;
    if (this.#taken <= INLINE_BYTES) this.#inline.update(chunk);
    else this.#follow(0);
  }

  /** So many bytes are in the file. */
  written(bytes: number): void {
    if (this.#followed === undefined || bytes - this.#told < PORTION_BYTES) return;
    this.#told = bytes;
    this.#followed.follow(bytes);
  }

  /** The file was cut to `kept` bytes: fewer than were taken, and either all that were written or none. */
  cut(kept: number): void {
    if (kept === 0) {
      this[Symbol.dispose]();
      this.#inline = new Digester();
      this.#taken = 0;
    } else if (this.#inline !== undefined) {
      this.#follow(kept);
    }
  }

  /** Of the file's `size` bytes; `undefined` where it has to be read for that. */
  async digest(algorithm: DigestAlgorithm, size: number): Promise<Digest | undefined> {
    if (this.#followed !== undefined)
      return algorithm === 'sha256' ? await this.#followed.digest(size) : undefined;
    return this.#inline?.algorithm === algorithm ? this.#inline.digest() : undefined;
  }

  [Symbol.dispose](): void {
    this.#followed?.[Symbol.dispose]();
    this.#followed = undefined;
    this.#inline = undefined;
  }

  #follow(bytes: number): void {
    this.#inline = undefined;
    this.#followed = this.#thread.follow(this.#path);
    this.#told = 0;
    this.written(bytes);
  }
}
