import { Worker } from 'node:worker_threads';
import { fromPlainError, type PlainError } from '@berth/errors';
import type { ApiPathStat } from '../../api/types.ts';
import type { FilesJob, FilesStart, FromThread, Place, ToThread } from './messages.ts';
import { WINDOW } from './messages.ts';

/**
 * A thread for one job in a container's files. It ends by itself, also after a cancel: a thread that uses FFI must not be
 * terminated.
 */
export class FilesThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #cancel = new Int32Array(new SharedArrayBuffer(4));
  readonly #stat = Promise.withResolvers<ApiPathStat>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #exited: Promise<void>;
  readonly #chunks: Uint8Array[] = [];
  #isOver = false;
  #credit = WINDOW;
  #wake: () => void = () => undefined;

  constructor(place: Place, job: FilesJob) {
    const data: FilesStart = { place, job, cancel: this.#cancel };
    this.#worker = new Worker(new URL('./files.worker.ts', import.meta.url), {
      name: 'berth-files',
      execArgv: [],
      // Files are opened by FFI and closed by Node, which would warn of each.
      trackUnmanagedFds: false,
      workerData: data,
    });
    this.#stat.promise.catch(() => undefined);
    this.#ended.promise.catch(() => undefined);
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    this.#worker.on('message', (message: FromThread) => this.#heard(message));
    this.#worker.on('error', (error) => this.#end(error));
    void this.#exited.then(() => this.#end(new Error('The thread for a container’s files ended early')));
  }

  /** What the path is; of the jobs `stat` and `read`. */
  get stat(): Promise<ApiPathStat> {
    return this.#stat.promise;
  }

  /** The end of the job. */
  get done(): Promise<void> {
    return this.#ended.promise;
  }

  /** The tar of the jobs `read` and `export`. A reader that leaves early ends the job. */
  async *tar(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#say({ type: 'credit' });
        yield chunk;
      } else if (this.#isOver) {
        await this.#ended.promise;
        return;
      } else await this.#news();
    }
  }

  /** Gives the job `write` its tar. Stops without an error when the job has ended before: `done` tells why. */
  async feed(tar: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of tar) {
      while (this.#credit === 0 && !this.#isOver) await this.#news();
      if (this.#isOver) return;
      this.#credit -= 1;
      // The bytes of the source may belong to somebody else.
      const bytes = new Uint8Array(chunk);
      this.#worker.postMessage({ type: 'chunk', bytes } satisfies ToThread, [bytes.buffer]);
    }
    this.#say({ type: 'end' });
  }

  cancel(): void {
    Atomics.store(this.#cancel, 0, 1);
    this.#say({ type: 'cancel' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) this.cancel();
    await this.#exited;
  }

  #heard(message: FromThread): void {
    switch (message.type) {
      case 'stat':
        this.#stat.resolve(message.stat);
        return;
      case 'chunk':
        this.#chunks.push(message.bytes);
        break;
      case 'credit':
        this.#credit += 1;
        break;
      case 'done':
        this.#end();
        return;
      case 'failed':
        this.#end(errorOf(message.error));
        return;
    }
    this.#wake();
  }

  #end(error?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (error === undefined) this.#ended.resolve();
    else this.#ended.reject(error);
    this.#stat.reject(error ?? new Error('The job gave no stat'));
    this.#wake();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #say(message: ToThread): void {
    if (!this.#isOver) this.#worker.postMessage(message);
  }
}

function errorOf(plain: PlainError): Error {
  return fromPlainError(plain);
}
