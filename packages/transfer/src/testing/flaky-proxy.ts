import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** A line that breaks: real TCP between a client and a server, cut where the test says. */
export interface FlakyProxy extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  /** Bytes that came from the server, over all connections. */
  readonly bytesDown: number;
  /** Bytes that went to the server, over all connections. */
  readonly bytesUp: number;
  /** Cuts so far. */
  readonly cuts: number;
  /** The next connections are cut after so many bytes in one direction, one entry each; then none is. */
  cutAfter(plan: readonly { readonly up?: number; readonly down?: number }[]): void;
  /** Cuts all there are. */
  cutNow(): void;
}

/** @param target `127.0.0.1:<port>` of the server */
export async function startFlakyProxy(target: string): Promise<FlakyProxy> {
  const port = Number(target.slice(target.lastIndexOf(':') + 1));
  const open = new Set<Socket>();
  const count = { up: 0, down: 0, cuts: 0 };
  let plan: { up?: number; down?: number }[] = [];

  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    const carry = (from: Socket, to: Socket, direction: 'up' | 'down') => {
      open.add(from);
      from.on('error', () => to.destroySoon());
      from.on('close', () => open.delete(from));
      from.on('end', () => to.end());
      from.on('data', (chunk: Buffer) => {
        // The first connection that moves enough bytes takes the entry: idle ones leave it.
        const [next] = plan;
        const limit = next?.[direction];
        if (next !== undefined && limit !== undefined) {
          next[direction] = limit - chunk.length;
          if (limit <= chunk.length) {
            plan.shift();
            const last = chunk.subarray(0, limit);
            count[direction] += last.length;
            count.cuts += 1;
            // What was counted arrives; then both ends are gone.
            to.end(last, () => setImmediate(() => to.destroySoon()));
            from.removeAllListeners('data').destroy();
            return;
          }
        }
        count[direction] += chunk.length;
        if (!to.write(chunk)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
    };
    carry(client, upstream, 'up');
    carry(upstream, client, 'down');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cutNow = () => {
    for (const socket of open) socket.resetAndDestroy();
    count.cuts += 1;
  };
  let closed: Promise<void> | undefined;
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get bytesDown() {
      return count.down;
    },
    get bytesUp() {
      return count.up;
    },
    get cuts() {
      return count.cuts;
    },
    cutAfter(next) {
      plan = next.map((entry) => ({ ...entry }));
    },
    cutNow,
    [Symbol.asyncDispose]: () => {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      });
      return closed;
    },
  };
}
