import { Worker } from 'node:worker_threads';
import { fromPlainError } from '@berth/errors';
import { feed } from './feed.ts';
import {
  type FromWorker,
  SLOT_BYTES,
  SLOT_COUNT,
  type ToWorker,
  type TreeJobOf,
  type TreeJobs,
  type TreeJobType,
} from './messages.ts';

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Read while the job wants bytes; closed when the job ends. */
  readonly source?: AsyncIterable<Uint8Array> | undefined;
  /** Bytes taken from the source so far. */
  readonly onProgress?: ((doneBytes: number) => void) | undefined;
  /** Given what the job streams; the job goes on when `taken` was called for the bytes. */
  readonly onChunk?: ((bytes: Uint8Array) => void) | undefined;
}

interface RunningJob {
  readonly cancel: Int32Array<SharedArrayBuffer>;
  readonly onChunk: (bytes: Uint8Array) => void;
  settle(outcome: { readonly result: unknown } | { readonly error: unknown }): void;
}

/** One worker thread, as the main thread holds it. It keeps the process alive only while a job runs. */
export class TreeThread {
  readonly #worker: Worker;
  readonly #onEnded: () => void;
  readonly #ended: Promise<void>;
  #job: RunningJob | undefined;
  readonly #slots: readonly Uint8Array<SharedArrayBuffer>[];
  /** Slots that hold nothing the worker has not read. */
  #free: number[] = [];
  #onFree: (() => void) | undefined;
  #isClosed = false;
  #failure: unknown;
  /** A job failed in a way that none should: what state the thread is in is not known. */
  isSpoilt = false;

  /** `onEnded`: the thread is gone, asked or not. */
  constructor(onEnded: () => void) {
    this.#onEnded = onEnded;
    this.#slots = Array.from({ length: SLOT_COUNT }, () => new Uint8Array(new SharedArrayBuffer(SLOT_BYTES)));
    this.#worker = new Worker(new URL('./tree.worker.ts', import.meta.url), {
      name: 'berth-tree',
      // Flags of a test runner or a debugger are not for this thread.
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 1024 },
    });
    this.#worker.unref();
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error) => {
      this.#failure = error;
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#isClosed = true;
        const cause = this.#failure;
        this.#job?.settle({ error: new Error('A tree worker ended in the middle of its work', { cause }) });
        this.#onEnded();
        resolve();
      });
    });
  }

  /**
   * Runs one job; not two at a time. When it is aborted, the promise settles only after the worker has left the job, so
   * nobody touches the folder any more.
   */
  async run<Type extends TreeJobType>(
    job: TreeJobOf<Type>,
    { signal, source, onProgress, onChunk = () => {} }: RunOptions = {},
  ): Promise<TreeJobs[Type]['result']> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw new Error('A tree worker ended before its work began');
    const cancel = new Int32Array(new SharedArrayBuffer(4));
    const leave = () => {
      Atomics.store(cancel, 0, 1);
      this.#post({ type: 'cancel' });
    };
    let sourceFailure: { readonly error: unknown } | undefined;
    const answer = new Promise<{ result: unknown } | { error: unknown }>((settle) => {
      this.#job = { cancel, onChunk, settle };
    });
    this.#worker.ref();
    this.#free = [...this.#slots.keys()];
    this.#post({ type: 'run', job, cancel, slots: this.#slots });
    signal?.addEventListener('abort', leave, { once: true });
    const feeding =
      source === undefined
        ? undefined
        : feed(source, {
            room: () => this.#freeSlot(),
            send: (length) => this.#post({ type: 'chunk', slot: this.#free.shift() as number, length }),
            end: () => this.#post({ type: 'end' }),
            fail: (error) => {
              sourceFailure = { error };
              leave();
            },
            onProgress,
          });
    const outcome = await answer;
    signal?.removeEventListener('abort', leave);
    this.#job = undefined;
    this.#worker.unref();
    feeding?.stop();
    this.#onFree?.();
    if ('result' in outcome) return outcome.result as TreeJobs[Type]['result'];
    if (sourceFailure !== undefined) throw sourceFailure.error;
    signal?.throwIfAborted();
    throw outcome.error;
  }

  /** Bytes that the job streamed are done with. */
  taken(bytes: number): void {
    this.#post({ type: 'credit', bytes });
  }

  /** Asks the thread to end when its job is over; idempotent. */
  async close(): Promise<void> {
    if (!this.#isClosed) this.#post({ type: 'close' });
    // Who waits for the end must live to see it.
    this.#worker.ref();
    this.#isClosed = true;
    await this.#ended;
  }

  /** The slot that is filled next; waits for the worker. */
  async #freeSlot(): Promise<Uint8Array> {
    while (this.#free.length === 0 && this.#job !== undefined) {
      await new Promise<void>((resolve) => {
        this.#onFree = resolve;
      });
    }
    return this.#slots[this.#free[0] ?? 0] as Uint8Array;
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        return;
      case 'free':
        this.#free.push(message.slot);
        this.#onFree?.();
        return;
      case 'chunk':
        this.#job?.onChunk(message.bytes);
        return;
      case 'done':
        this.#job?.settle({ result: message.result });
        return;
      case 'failed':
        if (message.error.class === 'internal') this.isSpoilt = true;
        this.#job?.settle({ error: fromPlainError(message.error) });
        return;
      default:
        throw new Error(`A tree worker sent ${JSON.stringify(message satisfies never)}`);
    }
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}
