import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Load } from './load.ts';

/** Threads that stand ready, one for each load: none of the time of a start is in what they take. */
export class Loads implements AsyncDisposable {
  readonly #workers: readonly Worker[];

  private constructor(workers: readonly Worker[]) {
    this.#workers = workers;
  }

  static async start(count: number): Promise<Loads> {
    const url = new URL('./load.worker.ts', import.meta.url);
    const workers = Array.from({ length: count }, () => new Worker(url, { execArgv: [] }));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    return new Loads(workers);
  }

  /** @returns milliseconds until the last of them was done */
  async run(loads: readonly Load[]): Promise<number> {
    const startedAt = performance.now();
    await Promise.all(
      loads.map(async (load, at) => {
        const worker = this.#workers[at];
        if (worker === undefined) throw new Error(`There are only ${this.#workers.length} threads for loads`);
        const done = once(worker, 'message');
        worker.postMessage(load);
        await done;
      }),
    );
    return performance.now() - startedAt;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#workers.map(async (worker) => {
        const ended = once(worker, 'exit');
        worker.postMessage('end');
        await ended;
      }),
    );
  }
}
