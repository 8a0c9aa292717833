import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from './peers.ts';
import { freePort, isListening } from './ready.ts';
import type { Server } from './server.ts';

/** Debian's docker-registry (distribution 2.8.2) on a port of the loopback. */
export interface DebianRegistry extends AsyncDisposable {
  readonly server: Server;
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly port: number;
}

/** @param options.folder where it keeps its files (in the lab's own folders when left out) */
export async function startDebianRegistry(
  lab: Lab,
  options: { readonly folder?: string } = {},
): Promise<DebianRegistry> {
  const port = await freePort();
  const folder = options.folder ?? join(lab.state, 'var/lib/docker-registry');
  await mkdir(folder, { recursive: true });
  const inside = folder.startsWith(lab.state) ? folder.slice(lab.state.length) : folder;
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    // With the cache that Debian's own configuration turns on.
    storage: {
      cache: { blobdescriptor: 'inmemory' },
      filesystem: { rootdirectory: inside },
      delete: { enabled: true },
    },
    http: { addr: `127.0.0.1:${port}` },
  };
  const file = `/run/docker-registry-${port}.yml`;
  // JSON is YAML.
  await writeFile(join(lab.state, file), JSON.stringify(config));
  const binds = folder.startsWith(lab.state) ? [] : [{ from: folder }];
  const server = await lab.start('docker-registry', ['serve', file], {
    binds,
    ready: () => isListening(port),
  });
  return { server, host: `127.0.0.1:${port}`, port, [Symbol.asyncDispose]: () => server.stop() };
}
