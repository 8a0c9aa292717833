import { Worker } from 'node:worker_threads';
import { DatabaseError } from '../errors.ts';
import { toDatabaseError } from './failure.ts';
import type { WorkerAnswer, WorkerCall, WorkerData, WorkerResult } from './messages.ts';
import type { StatementResult } from './statements.ts';

interface Pending {
  readonly action: string;
  readonly resolve: (result: WorkerResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The main thread's side of the database worker. Calls are answered in the order they were made, so the oldest
 * pending one belongs to the next answer.
 *
 * While nothing is pending the worker does not keep the process alive.
 */
export class Writer implements AsyncDisposable {
  readonly #path: string;
  readonly #worker: Worker;
  readonly #pending: Pending[] = [];
  readonly #ended: Promise<void>;
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;

  private constructor(data: WorkerData) {
    this.#path = data.path;
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      name: 'berth-db',
      workerData: data,
      // Flags of a test runner or a debugger are not for this thread.
      execArgv: [],
    });
    this.#worker.on('message', (reply: WorkerAnswer) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#fail(undefined);
        resolve();
      });
    });
  }

  /** @returns once the worker has loaded all its code and holds its connection */
  static async open(data: WorkerData): Promise<Writer> {
    const writer = new Writer(data);
    try {
      await new Promise<WorkerResult>((resolve, reject) => {
        writer.#pending.push({ action: `open the database "${data.path}"`, resolve, reject });
      });
    } catch (error) {
      await writer.#ended;
      throw error;
    }
    writer.#worker.unref();
    return writer;
  }

  begin(): Promise<WorkerResult> {
    return this.#call({ type: 'begin' }, `begin a transaction in "${this.#path}"`);
  }

  async run(sql: string, params: readonly unknown[]): Promise<StatementResult> {
    const result = await this.#call({ type: 'run', sql, params }, `write to "${this.#path}"`);
    return result as StatementResult;
  }

  commit(): Promise<WorkerResult> {
    return this.#call({ type: 'commit' }, `commit to "${this.#path}"`);
  }

  rollback(): Promise<WorkerResult> {
    return this.#call({ type: 'rollback' }, `roll back in "${this.#path}"`);
  }

  async check(): Promise<readonly string[]> {
    const result = await this.#call({ type: 'check' }, `check "${this.#path}"`);
    return (result as { readonly problems: readonly string[] }).problems;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= (async () => {
      this.#worker.ref();
      if (this.#failure === undefined) await this.#call({ type: 'close' }, `close "${this.#path}"`);
      await this.#ended;
    })();
    await this.#closing;
  }

  #call(call: WorkerCall, action: string): Promise<WorkerResult> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#closedError(action));
      // Throws where a value cannot be copied to the worker; then nothing is pending.
      this.#worker.postMessage(call);
      if (this.#pending.length === 0) this.#worker.ref();
      this.#pending.push({ action, resolve, reject });
    });
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
