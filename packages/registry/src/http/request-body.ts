import { RegistryError } from '../errors.ts';
import type { Exchange } from './exchange.ts';

/**
 * The body as it arrives, counted. A client from which nothing comes for `idleMs` is cut off; time that the
 * consumer takes does not count against it. The request is left open when the consumer stops early, so that
 * there can be an answer.
 *
 * @throws {RegistryError} `REQUEST_TIMEOUT`; Node's `ECONNRESET` when the client is gone
 */
export async function* requestBody(
  exchange: Exchange,
  options: {
    readonly idleMs: number;
    /** The consumer is done with a chunk when it asks for the next: its memory is given back at once. */
    readonly givesBack?: boolean;
  },
): AsyncGenerator<Uint8Array> {
  const { req } = exchange;
  const { idleMs, givesBack = false } = options;
  let isWaiting = true;
  const timer = setTimeout(() => {
    if (!isWaiting) {
      timer.refresh();
      return;
    }
    req.destroy(
      new RegistryError('REQUEST_TIMEOUT', `Cannot read the body: nothing came for ${idleMs / 1000} s`),
    );
  }, idleMs);
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false })) {
      isWaiting = false;
      exchange.bytesIn += chunk.byteLength;
      yield chunk;
      if (givesBack) giveBack(chunk);
      isWaiting = true;
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Frees a chunk's memory. Left to the garbage collector, a large upload makes it run for every 20 MB: a fifth of the
 * time of the whole push. Only memory that is this chunk's alone is freed; a part of a larger read stays.
 */
function giveBack(chunk: Uint8Array): void {
  const { buffer } = chunk;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === chunk.byteLength) buffer.transfer(0);
}

/**
 * A body that has to be in memory. It is not read further than its limit, whatever was announced.
 *
 * @throws {RegistryError} `TOO_LARGE`
 */
export async function readBody(
  exchange: Exchange,
  options: { readonly idleMs: number; readonly maxSizeBytes: number; readonly what: string },
): Promise<Uint8Array> {
  const { idleMs, maxSizeBytes, what } = options;
  if ((exchange.announcedLength ?? 0) > maxSizeBytes) throw tooLarge(what, maxSizeBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of requestBody(exchange, { idleMs })) {
    size += chunk.byteLength;
    if (size > maxSizeBytes) throw tooLarge(what, maxSizeBytes);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
}

function tooLarge(what: string, maxSizeBytes: number): RegistryError {
  return new RegistryError('TOO_LARGE', `Cannot take the ${what}: it has more than ${maxSizeBytes} bytes`, {
    hint: `A ${what} may have at most ${maxSizeBytes} bytes here`,
    detail: { maxSizeBytes },
  });
}
