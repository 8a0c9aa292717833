import type { ServerResponse } from 'node:http';
import type { Exchange } from './exchange.ts';

export interface StreamOptions {
  /** A client that takes nothing for so long is cut off. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
  readonly open: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
}

/**
 * Sends a body whose head is out already. Each chunk is on its way before the next is asked for: its memory is
 * used again, and a slow client holds one chunk and not a queue of them.
 *
 * When the client is gone, too slow, or the source fails, the connection is cut: only that tells the client that
 * bytes are missing.
 */
export async function sendStream(exchange: Exchange, options: StreamOptions): Promise<void> {
  const { res } = exchange;
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  const timer = setTimeout(() => res.destroy(), options.idleMs);
  res.once('close', onClose);
  try {
    const signal = AbortSignal.any([options.signal, gone.signal]);
    for await (const chunk of options.open(signal)) {
      if (!(await write(res, chunk))) return;
      exchange.bytesOut += chunk.byteLength;
      timer.refresh();
    }
    res.end();
  } catch (error) {
    res.destroy();
    if (!gone.signal.aborted && !options.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    res.off('close', onClose);
  }
}

/** Resolves when the chunk was handed to the kernel; `false` when the client is gone. */
function write(res: ServerResponse, chunk: Uint8Array): Promise<boolean> {
  if (res.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const onClose = (): void => resolve(false);
    res.once('close', onClose);
    res.write(chunk, (error) => {
      res.off('close', onClose);
      resolve(error === undefined || error === null);
    });
  });
}
