import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BlobStore, openFolderBlobStore } from '@berth/content';
import type { AccessRecord } from '../access-record.ts';
import { allowAll } from '../auth/allow-all.ts';
import type { Authorizer } from '../auth/interface.ts';
import { openRegistry } from '../open-registry.ts';
import type { Registry, RegistryOptions } from '../registry.ts';

export interface TestRegistry extends AsyncDisposable {
  readonly url: string;
  readonly root: string;
  readonly registry: Registry;
  readonly blobs: BlobStore;
  readonly access: readonly AccessRecord[];
  readonly faults: readonly unknown[];
  /** Stops the server and closes everything, but keeps the folder: for a second start. */
  stop(): Promise<void>;
}

export interface TestRegistryOptions extends Partial<RegistryOptions> {
  readonly authorizer?: Authorizer | ((registry: Registry) => Authorizer);
  /** A folder of before; it is then not removed. */
  readonly root?: string;
  readonly port?: number;
}

/** A registry over a folder and SQLite, behind Node's own server on loopback. */
export async function startTestRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const { authorizer = allowAll(), port = 0, ...rest } = options;
  const root = options.root ?? (await mkdtemp(join(tmpdir(), 'berth-registry-')));
  const access: AccessRecord[] = [];
  const faults: unknown[] = [];
  await using stack = new AsyncDisposableStack();
  if (options.root === undefined) stack.defer(() => rm(root, { recursive: true, force: true }));
  const inner = stack.use(new AsyncDisposableStack());
  const blobs = options.blobs ?? inner.use(await openFolderBlobStore({ path: join(root, 'content') }));
  const registry = inner.use(
    await openRegistry({
      database: { url: `sqlite:${join(root, 'registry.db')}` },
      onAccess: (record) => access.push(record),
      onFault: (error) => faults.push(error),
      ...rest,
      blobs,
    }),
  );
  const handle = registry.serve(typeof authorizer === 'function' ? authorizer(registry) : authorizer);
  const server = createServer({ requestTimeout: 0 });
  await listen(server, port);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.on('request', (req, res) =>
    handle(req, res, { baseUrl: url, remoteAddress: req.socket.remoteAddress ?? '' }),
  );
  inner.defer(() => close(server));
  const owned = stack.move();
  return {
    url,
    root,
    registry,
    blobs,
    access,
    faults,
    stop: () => inner.disposeAsync(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
