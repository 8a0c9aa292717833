import { FrameReader } from './frames.ts';

/** The part of a verb's output that bytes of containers go to. */
export interface BytesTarget {
  bytes(bytes: Uint8Array, stream?: 'stdout' | 'stderr'): Promise<void>;
}

/** Puts what a container writes where it belongs: with a terminal all of it to standard output, else by its frames. */
export class OutputWriter {
  readonly #target: BytesTarget;
  readonly #frames: FrameReader | undefined;

  constructor(target: BytesTarget, options: { readonly isTerminal: boolean }) {
    this.#target = target;
    this.#frames = options.isTerminal ? undefined : new FrameReader();
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#frames === undefined) return await this.#target.bytes(chunk);
    for (const { stream, bytes } of this.#frames.read(chunk)) await this.#target.bytes(bytes, stream);
  }
}
