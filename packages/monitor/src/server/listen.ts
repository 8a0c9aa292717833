import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

/** Listens on a path whose owner holds the lock: what lies there is left by a monitor that is gone. */
export async function listen(path: string, onConnection: (socket: Socket) => void): Promise<Server> {
  rmSync(path, { force: true });
  const server = createServer(onConnection);
  server.listen(path);
  await once(server, 'listening');
  chmodSync(path, 0o600);
  return server;
}
