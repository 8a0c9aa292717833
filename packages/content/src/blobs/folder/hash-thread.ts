import { Worker } from 'node:worker_threads';
import { type Digest, parseDigest } from '@berth/oci';
import type { HashAnswer, HashCall } from './hash-messages.ts';

/** The sha256 of one file that is being written. */
export interface FollowedHash extends Disposable {
  /** So many bytes are in the file; they are hashed while more come. */
  follow(end: number): void;
  /** Of the first `end` bytes; `undefined` when they could not be hashed here: then somebody else has to. */
  digest(end: number): Promise<Digest | undefined>;
}

/**
 * A thread that hashes. It is only ever a help: when it ends, digests are `undefined` and the store reads the files
 * itself. While nobody waits for a digest it does not keep the process alive.
 */
export class HashThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #waiting: ((answer: HashAnswer) => void)[] = [];
  #nextId = 0;
  #isEnded = false;

  private constructor() {
    this.#worker = new Worker(new URL('./hash-worker.ts', import.meta.url), {
      name: 'berth-hash',
      // Flags of a test runner or a debugger are not for this thread.
      execArgv: [],
    });
    this.#worker.on('message', (answer: HashAnswer) => this.#settle(answer));
    this.#worker.on('error', () => this.#end());
    this.#worker.on('exit', () => this.#end());
  }

  /** @returns once all its code is loaded: afterwards the process may lose the right to read it */
  static async open(): Promise<HashThread> {
    const thread = new HashThread();
    await thread.#answer();
    return thread;
  }

  follow(path: string): FollowedHash {
    this.#nextId += 1;
    const id = this.#nextId;
    this.#post({ type: 'open', id, path });
    return {
      follow: (end) => this.#post({ type: 'follow', id, end }),
      digest: async (end) => {
        this.#post({ type: 'digest', id, end });
        const { hex } = await this.#answer();
        return hex === undefined ? undefined : parseDigest(`sha256:${hex}`);
      },
      [Symbol.dispose]: () => this.#post({ type: 'close', id }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #post(call: HashCall): void {
    if (!this.#isEnded) this.#worker.postMessage(call);
  }

  #answer(): Promise<HashAnswer> {
    if (this.#isEnded) return Promise.resolve({ hex: undefined });
    this.#worker.ref();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #settle(answer: HashAnswer): void {
    this.#waiting.shift()?.(answer);
    if (this.#waiting.length === 0) this.#worker.unref();
  }

  #end(): void {
    this.#isEnded = true;
    for (const resolve of this.#waiting.splice(0)) resolve({ hex: undefined });
  }
}
