import { warmThreadPool } from '@berth/linux';
import { Lane } from '../../lane.ts';
import { TreeThread } from './tree-thread.ts';

export interface ThreadPoolOptions {
  /** In each lane at a time. */
  readonly workers: number;
  readonly idleMs: number;
}

export interface UseOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Unpacking waits for places of its own: a commit reads a tree while it fills another, and with one lane the two could
   * wait for each other.
   */
  readonly lane: 'fill' | 'read';
}

/** Threads that are made when they are needed and end when they were idle for a while. */
export class ThreadPool implements AsyncDisposable {
  readonly workers: number;
  readonly #idleMs: number;
  readonly #lanes: { readonly fill: Lane; readonly read: Lane };
  readonly #idle = new Map<TreeThread, NodeJS.Timeout>();
  readonly #threads = new Set<TreeThread>();
  readonly #closing = new AbortController();
  readonly #uses = new Set<Promise<unknown>>();

  constructor({ workers, idleMs }: ThreadPoolOptions) {
    this.#idleMs = idleMs;
    this.workers = workers;
    this.#lanes = { fill: new Lane(workers), read: new Lane(workers) };
  }

  warm(count: number): void {
    if (this.#closing.signal.aborted) return;
    void warmThreadPool().then(() => {
      const missing = Math.min(count, this.workers) - this.#idle.size;
      for (let made = 0; made < missing && !this.#closing.signal.aborted; made++) this.#rest(this.#make());
    });
  }

  /** Gives a thread to `work` for as long as that takes. The signal that `work` gets also fires when the pool is closed. */
  async use<T>(
    { signal, lane }: UseOptions,
    work: (thread: TreeThread, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const both =
      signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    const leave = await this.#lanes[lane].enter(both);
    try {
      await warmThreadPool();
      both.throwIfAborted();
      const thread = this.#take();
      const working = work(thread, both);
      this.#uses.add(working);
      try {
        return await working;
      } finally {
        this.#uses.delete(working);
        if (thread.isSpoilt || this.#closing.signal.aborted) void thread.close();
        else this.#rest(thread);
      }
    } finally {
      leave();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException('The tree workers are closed', 'AbortError'));
    await Promise.allSettled(this.#uses);
    for (const timer of this.#idle.values()) clearTimeout(timer);
    this.#idle.clear();
    await Promise.all([...this.#threads].map((thread) => thread.close()));
  }

  #take(): TreeThread {
    for (const [thread, timer] of this.#idle) {
      clearTimeout(timer);
      this.#idle.delete(thread);
      return thread;
    }
    return this.#make();
  }

  #make(): TreeThread {
    const thread = new TreeThread(() => {
      this.#threads.delete(thread);
      clearTimeout(this.#idle.get(thread));
      this.#idle.delete(thread);
    });
    this.#threads.add(thread);
    return thread;
  }

  #rest(thread: TreeThread): void {
    if (!this.#threads.has(thread)) return;
    const timer = setTimeout(() => {
      this.#idle.delete(thread);
      void thread.close();
    }, this.#idleMs);
    timer.unref();
    this.#idle.set(thread, timer);
  }
}
