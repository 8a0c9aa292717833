import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How long a client may go on sending a body that nobody wants. */
const DRAIN_MS = 10_000;

/** The request that a connection is at. */
const current = new WeakMap<Socket, IncomingMessage>();

/**
 * A client that is sending reads the answer only when it looks up; closing under it would give it "broken pipe" instead of the
 * reason. So what it still sends when the answer is out is read and dropped, for a while, and where the connection is not
 * kept its close waits for that: Node would close at once.
 */
export function lingerWhileSending(req: IncomingMessage, res: ServerResponse): void {
  const { socket } = req;
  const isNew = !current.has(socket);
  current.set(socket, req);
  if (isNew) {
    const close = socket.destroySoon.bind(socket);
    socket.destroySoon = () => {
      const sending = current.get(socket);
      if (sending === undefined || sending.complete || sending.destroyed) close();
      else for (const event of ['end', 'close', 'error']) sending.once(event, close);
    };
  }
  res.once('finish', () => {
    if (!req.complete) drain(req);
  });
}

function drain(req: IncomingMessage): void {
  const timer = setTimeout(() => req.destroy(), DRAIN_MS);
  timer.unref();
  for (const event of ['end', 'close']) req.once(event, () => clearTimeout(timer));
  req.resume();
}
