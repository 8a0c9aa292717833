import type { OutgoingHttpHeaders } from 'node:http';
import type { RegistryError } from '../errors.ts';
import type { Exchange } from './exchange.ts';
import { httpStatus } from './status.ts';

/** Bodies up to this size are read to their end after a refusal, so that the connection can go on. */
const DRAIN_MAX_BYTES = 1024 * 1024;
const LINGER_MS = 2000;
const LINGER_MAX_BYTES = 16 * 1024 * 1024;

/** One entry on the wire. `hint` is part of the message: clients show nothing else. @see "Error Codes" */
function entry(error: RegistryError): object {
  const { code, hint, detail } = error;
  const message = hint === undefined ? error.message : `${error.message}. ${hint}`;
  return { code, message, ...(detail === undefined ? {} : { detail }) };
}

export function respondError(
  exchange: Exchange,
  error: RegistryError,
  options: { readonly status?: number; readonly headers?: OutgoingHttpHeaders } = {},
): void {
  const { req, res } = exchange;
  if (res.headersSent) {
    // Half an answer is out; only a cut connection tells the client that the rest is missing.
    res.destroy();
    return;
  }
  if (req.destroyed && !req.complete) {
    res.destroy();
    return;
  }
  const status = options.status ?? httpStatus(error);
  const body = JSON.stringify({ errors: [error, ...error.also].map(entry) });
  const headers = { 'content-type': 'application/json', ...options.headers };
  if (
    req.complete ||
    !exchange.hasBody ||
    (exchange.announcedLength ?? Number.POSITIVE_INFINITY) <= DRAIN_MAX_BYTES
  ) {
    exchange.send(status, headers, body);
    // Node drops what was never read, but not the rest of a body that was read in part.
    if (!req.complete) req.resume();
    return;
  }
  sendAndLinger(exchange, { status, headers, body });
}

/**
 * Answers a client that still sends, and cuts it off a little later. A connection that is closed with unread bytes
 * is reset, and the reset can overtake the answer: so the answer goes out whole first, then some bytes are
 * dropped until the client hangs up, the time is over, or it was too much.
 */
function sendAndLinger(
  exchange: Exchange,
  answer: { readonly status: number; readonly headers: OutgoingHttpHeaders; readonly body: string },
): void {
  const { req, res } = exchange;
  const { status, headers, body } = answer;
  exchange.begin(status, { 'content-length': Buffer.byteLength(body), connection: 'close', ...headers });
  exchange.bytesOut += Buffer.byteLength(body);
  res.write(body);
  let dropped = 0;
  const finish = (): void => {
    clearTimeout(timer);
    res.end();
  };
  const timer = setTimeout(finish, LINGER_MS);
  req.on('data', (chunk: Uint8Array) => {
    exchange.bytesIn += chunk.byteLength;
    dropped += chunk.byteLength;
    if (dropped > LINGER_MAX_BYTES) finish();
  });
  req.once('end', finish);
  res.once('close', () => clearTimeout(timer));
  req.resume();
}
