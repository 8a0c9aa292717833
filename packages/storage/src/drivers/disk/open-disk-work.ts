import { existsSync, rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { fromPlainError } from '@berth/errors';
import { type CopyTreeOptions, copyTree } from './copy-tree.ts';
import { asDiskFull } from './disk-full.ts';
import type { Cancelable, DiskWork } from './interface.ts';
import { type MeasureOptions, measureTree } from './measure-tree.ts';
import type { DiskAnswer, DiskCall, DiskMessage } from './messages.ts';
import { removeTree } from './remove-tree.ts';
import { stripAttributes } from './strip-attributes.ts';
import { BudgetSpent, EntryBudget, type WalkBudget } from './walk.ts';

/** So many entries are quicker done here (10 µs each) than by starting a thread (40 ms). */
const SMALL_TREE = 200;
/** Of what is copied here. */
const SMALL_BYTES = 256 * 1024;
const IDLE_MS = 5000;

interface Pending {
  readonly resolve: (result: number | boolean) => void;
  readonly reject: (error: Error) => void;
}

type Job = DiskCall extends infer Call
  ? Call extends DiskCall
    ? Omit<Call, 'id' | 'cancel'>
    : never
  : never;

/** Starts nothing until it is asked for something. */
export function openDiskWork(options: { readonly idleMs?: number } = {}): DiskWork {
  return new WorkerDiskWork(options.idleMs ?? IDLE_MS);
}

class WorkerDiskWork implements DiskWork {
  readonly #idleMs: number;
  readonly #pending = new Map<number, Pending>();
  readonly #ended = new Set<Promise<void>>();
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #isClosed = false;
  #nextId = 1;

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  async copyTree(
    source: string,
    target: string,
    options: CopyTreeOptions & Cancelable = {},
  ): Promise<boolean> {
    const { signal, ...how } = options;
    signal?.throwIfAborted();
    try {
      const isShared = copySmall(source, target, how);
      return isShared ?? (await this.#call({ type: 'copy', source, target, ...how }, signal)) === true;
    } catch (error) {
      throw await asDiskFull(error, target);
    }
  }

  async linkTree(source: string, target: string, { signal }: Cancelable = {}): Promise<void> {
    try {
      await this.#call({ type: 'link', source, target }, signal);
    } catch (error) {
      throw await asDiskFull(error, target);
    }
  }

  async removeTree(path: string): Promise<number> {
    // What the first try has removed is not counted again: it ran out in the middle.
    return this.#smallFirst((budget) => removeTree(path, budget), { type: 'remove', path }, undefined);
  }

  async stripAttributes(path: string): Promise<void> {
    await this.#smallFirst(
      (budget) => noBytes(() => stripAttributes(path, budget)),
      { type: 'strip', path },
      undefined,
    );
  }

  async measureTree(path: string, options: MeasureOptions & Cancelable = {}): Promise<number> {
    const { signal, ...how } = options;
    const here = (budget: WalkBudget) => measureTree(path, budget, how);
    return this.#smallFirst(here, { type: 'measure', path, ...how }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#end();
    await Promise.all(this.#ended);
  }

  async #smallFirst(
    here: (budget: WalkBudget) => number,
    job: Job,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    signal?.throwIfAborted();
    try {
      return here(new EntryBudget(SMALL_TREE));
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error;
      return Number(await this.#call(job, signal));
    }
  }

  async #call(job: Job, signal: AbortSignal | undefined): Promise<number | boolean> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw new Error('The disk work is closed');
    clearTimeout(this.#idle);
    const worker = this.#start();
    const id = this.#nextId++;
    const cancel = new SharedArrayBuffer(4);
    const stop = () => Atomics.store(new Int32Array(cancel), 0, 1);
    signal?.addEventListener('abort', stop);
    worker.ref();
    try {
      return await new Promise<number | boolean>((resolve, reject) => {
        this.#pending.set(id, { resolve, reject });
        worker.postMessage({ ...job, id, cancel } satisfies DiskMessage);
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
      if (this.#pending.size === 0) this.#rest();
    }
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { name: 'berth-disk', execArgv: [] });
    let failure: unknown;
    worker.on('message', (answer: DiskAnswer) => this.#settle(answer));
    worker.on('error', (error) => {
      failure = error;
    });
    const ended = new Promise<void>((resolve) => {
      worker.on('exit', () => {
        if (this.#worker === worker) this.#fail(failure);
        resolve();
      });
    });
    this.#ended.add(ended);
    ended.then(() => this.#ended.delete(ended));
    this.#worker = worker;
    return worker;
  }

  /** Nothing to do: the process may end, and after a while the thread does. */
  #rest(): void {
    this.#worker?.unref();
    if (this.#isClosed) return;
    this.#idle = setTimeout(() => this.#end(), this.#idleMs).unref();
  }

  #end(): void {
    clearTimeout(this.#idle);
    if (this.#worker === undefined) return;
    if (this.#isClosed) this.#worker.ref();
    // It answers what it was asked before, then closes its port, and so ends.
    this.#worker.postMessage({ type: 'end' } satisfies DiskMessage);
    if (this.#pending.size === 0) this.#worker = undefined;
  }

  #settle(answer: DiskAnswer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (answer.ok) pending?.resolve(answer.result);
    else pending?.reject(fromPlainError(answer.failure));
  }

  #fail(cause: unknown): void {
    this.#worker = undefined;
    const error = new Error('The disk worker has ended', { cause });
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

function noBytes(work: () => void): number {
  work();
  return 0;
}

/** @returns `undefined`, and nothing is left, when there is more than is to be copied on this thread */
function copySmall(source: string, target: string, how: CopyTreeOptions): boolean | undefined {
  // What was there before is not to be removed; copying it says so.
  if (existsSync(target)) return undefined;
  try {
    return copyTree(source, target, { ...how, budget: new EntryBudget(SMALL_TREE, SMALL_BYTES) });
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
    rmSync(target, { recursive: true });
    return undefined;
  }
}
