/**
 * Gives what the source gives until the signal is aborted, also while the source is silent: a body that never
 * comes must not hold its ingest. The source is told to stop, and not waited for.
 *
 * @throws the signal's reason; whatever the source throws
 */
export async function* abortable(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (signal === undefined) {
    yield* source;
    return;
  }
  signal.throwIfAborted();
  const iterator = source[Symbol.asyncIterator]();
  let refuse: ((reason: unknown) => void) | undefined;
  const onAbort = (): void => refuse?.(signal.reason);
  signal.addEventListener('abort', onAbort);
  let hasEnded = false;
  try {
    while (true) {
      signal.throwIfAborted();
      // A promise per step: racing each step against one long promise would keep all of them in memory.
      const step = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        refuse = reject;
        iterator.next().then(resolve, (error: unknown) => {
          hasEnded = true;
          reject(error);
        });
      });
      if (step.done === true) {
        hasEnded = true;
        return;
      }
      yield step.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (!hasEnded) iterator.return?.().catch(() => {});
  }
}
