import type { LayerReport } from './layer-progress.ts';

/** The downloads of one image. Disposing waits until each has ended: when a pull returns or throws, nothing of it runs on. */
export class OpenStreams implements AsyncDisposable {
  readonly #open = new Set<Promise<void>>();

  /** The same bytes, counted. */
  async *follow(
    bytes: AsyncIterable<Uint8Array>,
    line: LayerReport,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    this.#open.add(ended);
    try {
      let done = 0;
      for await (const chunk of bytes) {
        done += chunk.length;
        line.read(done);
        yield chunk;
      }
      line.whole();
    } finally {
      this.#open.delete(ended);
      resolve();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open);
  }
}
