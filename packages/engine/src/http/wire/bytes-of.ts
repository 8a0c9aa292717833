import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { EngineError } from '../../errors.ts';

/**
 * What a stream gives, until its end or until it is destroyed. Unlike the stream's own iterator it leaves the stream alone when
 * the consumer stops early: the connection behind it has another direction, in which an answer is still to go.
 */
export async function* bytesOf(stream: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  let wake = Promise.withResolvers<void>();
  const onEvent = (): void => wake.resolve();
  const events = ['readable', 'end', 'close', 'error'];
  for (const event of events) stream.on(event, onEvent);
  try {
    while (true) {
      const chunk = stream.read() as Uint8Array | null;
      if (chunk !== null) yield chunk;
      else if (stream.readableEnded || stream.destroyed) return;
      else {
        await wake.promise;
        wake = Promise.withResolvers();
      }
    }
  } finally {
    for (const event of events) stream.off(event, onEvent);
  }
}

/** The body of a request. @throws {EngineError} `REQUEST_INVALID` when the client is gone before its end */
export async function* bodyOf(req: IncomingMessage): AsyncGenerator<Uint8Array, void, undefined> {
  yield* bytesOf(req);
  if (!req.complete) {
    throw new EngineError('REQUEST_INVALID', 'the connection ended in the middle of the request');
  }
}
