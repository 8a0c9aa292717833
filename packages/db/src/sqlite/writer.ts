import { DatabaseThread } from './database-thread.ts';
import type { ConnectionCall, ConnectionOptions, WorkerResult } from './messages.ts';
import type { StatementResult } from './statements.ts';

/** The connection that writes, as the main thread sees it. */
export class Writer implements AsyncDisposable {
  readonly #path: string;
  readonly #thread: DatabaseThread;
  readonly #ownsThread: boolean;
  readonly #connection: number;
  #closing: Promise<void> | undefined;

  private constructor(path: string, thread: DatabaseThread | undefined) {
    this.#path = path;
    this.#thread = thread ?? new DatabaseThread();
    this.#ownsThread = thread === undefined;
    this.#connection = this.#thread.nextConnection();
  }

  /**
   * @param thread of other databases too; one of its own when left out
   * @returns once the thread has loaded all its code and holds the connection
   */
  static async open(options: ConnectionOptions, thread?: DatabaseThread): Promise<Writer> {
    const writer = new Writer(options.path, thread);
    try {
      await writer.#call({ type: 'open', ...options }, `open the database "${options.path}"`);
      return writer;
    } catch (error) {
      if (writer.#ownsThread) await writer.#thread[Symbol.asyncDispose]();
      throw error;
    }
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
      if (this.#thread.isAlive) await this.#call({ type: 'close' }, `close "${this.#path}"`);
      if (this.#ownsThread) await this.#thread[Symbol.asyncDispose]();
    })();
    await this.#closing;
  }

  #call(call: ConnectionCall, action: string): Promise<WorkerResult> {
    return this.#thread.call({ ...call, connection: this.#connection }, action);
  }
}
