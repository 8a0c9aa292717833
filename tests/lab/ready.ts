import { access } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { hasCode } from '@berth/errors';

/** Whether something accepts TCP connections there. */
export async function isListening(port: number, host = '127.0.0.1'): Promise<boolean> {
  const socket = new Socket();
  try {
    return await new Promise((done) => {
      socket.setTimeout(1000, () => done(false));
      socket.once('connect', () => done(true));
      socket.once('error', () => done(false));
      socket.connect(port, host);
    });
  } finally {
    socket.destroy();
  }
}

/** A TCP port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(0, '127.0.0.1', done);
  });
  const address = server.address();
  await new Promise<void>((done) => server.close(() => done()));
  if (address === null || typeof address === 'string') throw new Error('Cannot find a free port');
  return address.port;
}

export async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return false;
    throw error;
  }
}
