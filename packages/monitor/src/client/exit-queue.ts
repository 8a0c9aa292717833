import type { ProcessExit } from '../interface.ts';
import type { ProcessName } from '../protocol/messages.ts';

const FORGOTTEN_KEPT = 1000;

/** Exits as the monitor tells them, each once, in order, for one reader; also after the monitor was replaced and told them again. */
export class ExitQueue {
  readonly #told = new Map<string, string>();
  #queue: ProcessExit[] = [];
  #wake: (() => void) | undefined;
  #isClosed = false;
  /** Ids of containers that were forgotten, the latest last: the end of a stream may come after that. */
  readonly #forgotten = new Set<string>();
  readonly #watchers = new Map<string, Set<() => void>>();

  /** @returns whether it is new */
  push(exit: ProcessExit): boolean {
    const key = keyOf(exit);
    const stamp = exit.finishedAt.toISOString();
    if (this.#told.get(key) === stamp) return false;
    this.#told.set(key, stamp);
    this.#queue.push(exit);
    this.#wake?.();
    for (const tell of this.#watchers.get(key) ?? []) tell();
    this.#watchers.delete(key);
    return true;
  }

  /** Begun anew: the next exit of the name is another one. */
  begin(name: ProcessName): void {
    this.#told.delete(keyOf(name));
    if (name.execId === undefined) this.#forgotten.delete(name.id);
  }

  /** A container is over for good: nobody waits for an exit of it any more, nor for one of its execs. */
  forget(id: string): void {
    for (const key of this.#told.keys()) if (key.startsWith(`${id}\n`)) this.#told.delete(key);
    this.#forgotten.delete(id);
    this.#forgotten.add(id);
    for (const oldest of this.#forgotten) {
      if (this.#forgotten.size <= FORGOTTEN_KEPT) break;
      this.#forgotten.delete(oldest);
    }
    for (const [key, watchers] of this.#watchers) {
      if (key.startsWith(`${id}\n`)) for (const tell of watchers) tell();
    }
  }

  hasTold(name: ProcessName): boolean {
    return this.#told.has(keyOf(name));
  }

  /** Resolves when the exit was told, or is told no more, or after the time. */
  async told(name: ProcessName, timeoutMs: number): Promise<void> {
    const key = keyOf(name);
    if (this.#told.has(key) || this.#forgotten.has(name.id) || this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const watchers = this.#watchers.get(key) ?? new Set();
      const finish = (): void => {
        clearTimeout(timer);
        watchers.delete(finish);
        resolve();
      };
      const timer = setTimeout(finish, timeoutMs);
      this.#watchers.set(key, watchers.add(finish));
    });
  }

  async *read(signal?: AbortSignal): AsyncGenerator<ProcessExit, void, undefined> {
    const onAbort = (): void => this.#wake?.();
    signal?.addEventListener('abort', onAbort);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const exit = this.#queue.shift();
        if (exit !== undefined) yield exit;
        else if (this.#isClosed) return;
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#wake?.();
    for (const watchers of this.#watchers.values()) for (const tell of watchers) tell();
  }
}

function keyOf({ id, execId }: ProcessName): string {
  return `${id}\n${execId ?? ''}`;
}
