const EMPTY = Buffer.alloc(0);

/**
 * Hands out a stream of chunks in pieces of wanted sizes. Pieces are views of the source's chunks; bytes are
 * copied only where a piece crosses from one chunk into the next. Nothing of a chunk is looked at once the next one has been
 * asked for.
 */
export class ByteSource {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  #chunk: Buffer = EMPTY;
  #at = 0;
  #passed = 0;
  #busy = false;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>, options: { readonly signal?: AbortSignal | undefined }) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#signal = options.signal;
  }

  /** Bytes handed out so far. */
  get offset(): number {
    return this.#passed + this.#at;
  }

  /** Bytes at hand. */
  get available(): number {
    return this.#chunk.length - this.#at;
  }

  /** The next `length` bytes if the chunk in hand has them all; else `undefined`, and nothing is consumed. */
  take(length: number): Buffer | undefined {
    const end = this.#at + length;
    if (end > this.#chunk.length) return undefined;
    const piece = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    return piece;
  }

  /** As `take`, waiting for the source. `undefined`: it ended before. Memory grows with what came, not with `length`. */
  async wait(length: number): Promise<Buffer | undefined> {
    const begin = this.offset;
    const parts: Buffer[] = [];
    for (let have = 0; ; ) {
      const part = this.#chunk.subarray(this.#at, this.#at + length - have);
      parts.push(Buffer.from(part));
      have += part.length;
      this.#at += part.length;
      if (have === length) return Buffer.concat(parts);
      this.#passed += this.#at;
      this.#at = 0;
      this.#chunk = EMPTY;
      const next = await this.#next();
      if (next === undefined) {
        this.#chunk = Buffer.concat(parts);
        this.#passed = begin;
        return undefined;
      }
      this.#chunk = next;
    }
  }

  /** False at the end of the source; waits when nothing is at hand. */
  async hasMore(): Promise<boolean> {
    while (this.#at === this.#chunk.length) {
      this.#passed += this.#at;
      this.#at = 0;
      this.#chunk = EMPTY;
      const next = await this.#next();
      if (next === undefined) return false;
      this.#chunk = next;
    }
    return true;
  }

  /** What is at hand, at most `max` bytes and at least one; waits only when nothing is. `undefined` at the end. */
  async some(max: number): Promise<Buffer | undefined> {
    if (!(await this.hasMore())) return undefined;
    return this.take(Math.min(max, this.#chunk.length - this.#at));
  }

  /** Tells the source that no more is wanted; idempotent. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#iterator.return?.();
  }

  async #next(): Promise<Buffer | undefined> {
    if (this.#busy) throw new Error('Two reads of one tar stream at the same time');
    if (this.#ended) return undefined;
    this.#signal?.throwIfAborted();
    this.#busy = true;
    // Ended until it gives something: a source that failed is not to be asked or closed again.
    this.#ended = true;
    try {
      const { done, value } = await this.#iterator.next();
      if (done === true) return undefined;
      this.#ended = false;
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    } finally {
      this.#busy = false;
    }
  }
}
