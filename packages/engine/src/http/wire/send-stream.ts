import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Exchange } from '../server/exchange.ts';

/**
 * A body of bytes as they come. Status and headers wait for the first chunk, so that what cannot even begin is an
 * error with its own status; a source that fails later cuts the connection: only that tells the client that bytes
 * are missing.
 */
export async function sendBytes(
  exchange: Exchange,
  source: AsyncIterable<Uint8Array>,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  const { res } = exchange;
  for await (const chunk of source) {
    if (!res.headersSent) exchange.begin(200, headers);
    if (!(await write(res, chunk))) return;
    exchange.bytesOut += chunk.byteLength;
  }
  if (!res.headersSent) exchange.begin(200, headers);
  res.end();
}

/** Resolves when there is room again; `false` when the client is gone. */
export function write(res: ServerResponse, chunk: Uint8Array | string): Promise<boolean> {
  if (res.destroyed) return Promise.resolve(false);
  if (res.write(chunk)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (isThere: boolean): void => {
      res.off('drain', onDrain);
      res.off('close', onClose);
      resolve(isThere);
    };
    const onDrain = (): void => settle(true);
    const onClose = (): void => settle(false);
    res.once('drain', onDrain);
    res.once('close', onClose);
  });
}
