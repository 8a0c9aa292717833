import { mkdtemp, rm } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFolderBlobStore } from '@berth/content';
import { type AccessRecord, type Authorizer, allowAll, openRegistry } from '@berth/registry';

export interface RegistryServerOptions {
  readonly authorizer?: Authorizer;
  /** Sees each request first; true when it has answered. */
  readonly intercept?: (req: IncomingMessage, res: ServerResponse) => boolean;
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** The real registry behind Node's own server on loopback, over a folder that outlives a restart. */
export interface RegistryServer extends AsyncDisposable {
  /** `127.0.0.1:<port>`, the same after a restart. */
  readonly host: string;
  readonly access: readonly AccessRecord[];
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startRegistryServer(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const root = await mkdtemp(join(tmpdir(), 'berth-transfer-'));
  const access: AccessRecord[] = [];
  let port = 0;
  let running: AsyncDisposableStack | undefined;
  const stop = async () => {
    const stack = running;
    running = undefined;
    await stack?.disposeAsync();
  };
  const start = async () => {
    await using stack = new AsyncDisposableStack();
    const blobs = stack.use(await openFolderBlobStore({ path: join(root, 'content') }));
    const registry = stack.use(
      await openRegistry({
        database: { url: `sqlite:${join(root, 'registry.db')}` },
        blobs,
        onAccess: (record) => access.push(record),
      }),
    );
    const handle = registry.serve(options.authorizer ?? allowAll());
    const listener: RequestListener = (req, res) => {
      if (options.intercept?.(req, res) === true) return;
      const baseUrl = `${options.tls === undefined ? 'http' : 'https'}://${req.headers.host ?? `127.0.0.1:${port}`}`;
      handle(req, res, { baseUrl, remoteAddress: req.socket.remoteAddress ?? '' });
    };
    const server =
      options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
    server.requestTimeout = 0;
    await listen(server, port);
    port = (server.address() as AddressInfo).port;
    stack.defer(() => close(server));
    running = stack.move();
  };
  await start();
  return {
    host: `127.0.0.1:${port}`,
    access,
    stop,
    start,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

export function listen(server: Server, port = 0): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
}

export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
