/**
 * Tells those who follow a log that there may be something new.
 *
 * A waiter that was registered before `wake` is always woken, so "read, find nothing, wait" loses nothing as long
 * as `wait` is called in the same turn in which the read came back empty.
 */
export interface WakeUp extends Disposable {
  /** Wakes everybody who waits now. */
  wake(): void;
  /** Resolves on `wake`, after `timeoutMs`, on abort and when disposed of: never rejects. */
  wait(options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<void>;
  /** True once disposed of: nothing will come any more. */
  readonly isClosed: boolean;
}

export function createWakeUp(): WakeUp {
  const waiters = new Set<() => void>();
  let isClosed = false;

  function wake(): void {
    for (const resolve of [...waiters]) resolve();
  }

  return {
    wake,
    wait({ signal, timeoutMs } = {}) {
      if (isClosed || signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = timeoutMs === undefined ? undefined : setTimeout(done, timeoutMs);
        timer?.unref();
        function done(): void {
          waiters.delete(done);
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          resolve();
        }
        waiters.add(done);
        signal?.addEventListener('abort', done);
      });
    },
    get isClosed() {
      return isClosed;
    },
    [Symbol.dispose]() {
      isClosed = true;
      wake();
    },
  };
}
