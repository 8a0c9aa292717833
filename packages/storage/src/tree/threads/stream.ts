import type { TreeJobOf } from './messages.ts';
import type { ThreadPool } from './thread-pool.ts';

/**
 * The bytes that a job streams. Nothing starts before the first chunk is asked for; a reader that leaves early ends the
 * job. From the first chunk to the last the stream holds a worker.
 */
export async function* streamOf(
  pool: ThreadPool,
  job: TreeJobOf<'diff'> | TreeJobOf<'rebuild'>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const left = new AbortController();
  const both = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
  const chunks: Uint8Array[] = [];
  let take = (_bytes: number): void => {};
  let wake: (() => void) | undefined;
  let outcome: { readonly error?: unknown } | undefined;
  const working = pool
    .use({ signal: both, lane: 'read' }, (thread, running) => {
      take = (bytes) => thread.taken(bytes);
      const onChunk = (bytes: Uint8Array) => {
        chunks.push(bytes);
        wake?.();
      };
      return thread.run(job, { signal: running, onChunk });
    })
    .then(
      () => ({}),
      (error: unknown) => ({ error }),
    )
    .then((settled) => {
      outcome = settled;
      wake?.();
    });
  try {
    for (;;) {
      const chunk = chunks.shift();
      if (chunk !== undefined) {
        const { length } = chunk;
        yield chunk;
        if (outcome === undefined) take(length);
      } else if (outcome === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if ('error' in outcome) throw outcome.error;
      else return;
    }
  } finally {
    left.abort(new DOMException('The reader left', 'AbortError'));
    await working;
  }
}
