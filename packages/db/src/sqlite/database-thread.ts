import { Worker } from 'node:worker_threads';
import { DatabaseError } from '../errors.ts';
import { toDatabaseError } from './failure.ts';
import type { WorkerAnswer, WorkerCall, WorkerResult } from './messages.ts';

interface Pending {
  readonly action: string;
  readonly resolve: (result: WorkerResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A thread that writes to databases, one call after another: some 10 MB, whether it has one database or several. Databases
 * that share one wait for each other's commits.
 *
 * Calls are answered in the order they were made, so the oldest pending one belongs to the next answer. While
 * nothing is pending it does not keep the process alive. Dispose of it after its databases; idempotent.
 */
export class DatabaseThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #pending: Pending[] = [];
  readonly #ended: Promise<void>;
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;
  #connections = 0;

  constructor() {
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      name: 'berth-db',
      // Flags of a test runner or a debugger are not for this thread.
      execArgv: [],
    });
    this.#worker.unref();
    this.#worker.on('message', (reply: WorkerAnswer) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#fail(undefined);
        resolve();
      });
    });
  }

  /** Number for a connection that is to be opened. */
  nextConnection(): number {
    this.#connections += 1;
    return this.#connections;
  }

  /** @param action what could not be done, for the message: `write to "/data/registry.db"` */
  call(call: WorkerCall, action: string): Promise<WorkerResult> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#closedError(action));
      // Throws where a value cannot be copied to the worker; then nothing is pending.
      this.#worker.postMessage(call);
      if (this.#pending.length === 0) this.#worker.ref();
      this.#pending.push({ action, resolve, reject });
    });
  }

  /** False when it has ended, by itself or because it was told to. */
  get isAlive(): boolean {
    return this.#failure === undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= (async () => {
      this.#worker.ref();
      if (this.isAlive) this.#worker.postMessage({ type: 'end' } satisfies WorkerCall);
      await this.#ended;
    })();
    await this.#closing;
  }

  #settle(reply: WorkerAnswer): void {
    const pending = this.#pending.shift();
    if (this.#pending.length === 0 && this.#closing === undefined) this.#worker.unref();
    if (pending === undefined) return;
    if (reply.ok) pending.resolve(reply.result);
    else pending.reject(toDatabaseError(reply.failure, pending.action));
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error('The database worker has ended');
    for (const { action, reject } of this.#pending.splice(0)) reject(this.#closedError(action));
  }

  #closedError(action: string): DatabaseError {
    return new DatabaseError('DB_CLOSED', `Cannot ${action}: its worker has ended`, {
      hint: 'Restart Berth; what was committed is safe',
      cause: this.#failure,
    });
  }
}
