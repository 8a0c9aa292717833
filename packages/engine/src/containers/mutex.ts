/** One at a time, in the order of asking. */
export class Mutex {
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  get isFree(): boolean {
    return this.#waiting === 0;
  }

  /**
   * Runs `work` when everybody before is done. An abort while waiting throws its reason and leaves the order as it is; once
   * begun, `work` decides for itself.
   */
  async run<T>(
    work: () => Promise<T>,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<T> {
    const { signal } = options;
    signal?.throwIfAborted();
    const before = this.#last;
    const mine = Promise.withResolvers<void>();
    this.#last = before.then(() => mine.promise);
    this.#waiting += 1;
    try {
      await (signal === undefined ? before : untilAborted(before, signal));
      return await work();
    } finally {
      this.#waiting -= 1;
      mine.resolve();
    }
  }
}

/** Waits for `promise`, or throws the signal's reason as soon as it fires. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
