import type { MessagePort } from 'node:worker_threads';
import { detectCompression } from '@berth/oci';
import type { CancelFlag } from './cancel-flag.ts';
import { type FromWorker, STREAM_WINDOW_BYTES } from './messages.ts';

/**
 * The source of a job, as the worker reads it.
 *
 * Chunks are the slots themselves, good until the next one is asked for. Node's own gunzip, too, is done with a chunk
 * by then: the chunk is larger than its high-water mark, so that it asks for the next only when it has none left. Whoever
 * reads zstd may hold on to a chunk for longer and gets copies.
 */
export class JobInput implements AsyncIterable<Uint8Array> {
  readonly #port: MessagePort;
  readonly #cancel: CancelFlag;
  readonly #slots: readonly Buffer[];
  readonly #filled: { readonly slot: number; readonly length: number }[] = [];
  #isEnded = false;
  #wake: (() => void) | undefined;

  constructor(port: MessagePort, cancel: CancelFlag, slots: readonly Uint8Array<SharedArrayBuffer>[]) {
    this.#port = port;
    this.#cancel = cancel;
    this.#slots = slots.map(({ buffer, byteOffset, length }) => Buffer.from(buffer, byteOffset, length));
  }

  push(slot: number, length: number): void {
    this.#filled.push({ slot, length });
    this.wake();
  }

  end(): void {
    this.#isEnded = true;
    this.wake();
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    let isLent: boolean | undefined;
    for (;;) {
      this.#cancel.throwIfSet();
      const next = this.#filled.shift();
      if (next !== undefined) {
        const bytes = (this.#slots[next.slot] as Buffer).subarray(0, next.length);
        isLent ??= detectCompression(bytes) !== 'zstd';
        if (isLent) yield bytes;
        const copy = isLent ? undefined : Buffer.from(bytes);
        this.#port.postMessage({ type: 'free', slot: next.slot } satisfies FromWorker);
        if (copy !== undefined) yield copy;
      } else if (this.#isEnded) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** The stream that a job gives; waits while the reader is behind. */
export class JobOutput {
  readonly #port: MessagePort;
  readonly #cancel: CancelFlag;
  #window = STREAM_WINDOW_BYTES;
  #wake: (() => void) | undefined;

  constructor(port: MessagePort, cancel: CancelFlag) {
    this.#port = port;
    this.#cancel = cancel;
  }

  credit(bytes: number): void {
    this.#window += bytes;
    this.wake();
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  async writeAll(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) await this.write(chunk);
  }

  /** Takes the bytes away where they are the whole of their memory, else copies them. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#cancel.throwIfSet();
    while (this.#window <= 0) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#cancel.throwIfSet();
    }
    this.#window -= chunk.length;
    const bytes = ownBytes(chunk);
    this.#port.postMessage({ type: 'chunk', bytes } satisfies FromWorker, [bytes.buffer]);
  }
}

function ownBytes(chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = chunk;
  return buffer instanceof ArrayBuffer && chunk.length === buffer.byteLength
    ? (chunk as Uint8Array<ArrayBuffer>)
    : new Uint8Array(chunk);
}
