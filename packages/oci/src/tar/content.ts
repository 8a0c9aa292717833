import type { ByteSource } from './byte-source.ts';
import type { TarPlace } from './place.ts';

/** The stored bytes of one entry, read once, straight from the stream. */
export class EntryContent implements AsyncIterableIterator<Uint8Array> {
  readonly #source: ByteSource;
  readonly #place: TarPlace;
  #left: number;
  #isCut = false;

  constructor(source: ByteSource, options: { readonly bytes: number; readonly place: TarPlace }) {
    this.#source = source;
    this.#left = options.bytes;
    this.#place = options.place;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#isCut) throw new Error('Content was read after the next tar entry was asked for');
    const piece = await this.#read();
    return piece === undefined ? { done: true, value: undefined } : { done: false, value: piece };
  }

  /** Leaves the rest for the reader to skip. */
  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    return { done: true, value: undefined };
  }

  /** Skips what was not read; to ask for it afterwards is a fault of the caller. */
  async finish(): Promise<void> {
    this.#isCut = this.#left > 0;
    while (this.#left > 0) await this.#read();
  }

  async #read(): Promise<Uint8Array | undefined> {
    if (this.#left === 0) return undefined;
    const piece = await this.#source.some(this.#left);
    if (piece === undefined)
      throw this.#place.error(`the stream ends ${this.#left} bytes before the end of its content`);
    this.#left -= piece.length;
    return piece;
  }
}
