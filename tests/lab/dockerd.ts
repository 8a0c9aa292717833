import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { InsideOptions, Lab } from './peers.ts';
import { exists } from './ready.ts';
import type { Server } from './server.ts';

/** Debian's dockerd, running in the lab, and the docker command pointed at it. */
export interface Dockerd extends AsyncDisposable {
  readonly server: Server;
  /** Where it keeps images, as a folder of the host. */
  readonly dataRoot: string;
  docker(args: readonly string[]): Promise<string>;
}

/**
 * Starts a dockerd of its own data folder and socket, without bridge and iptables: it pulls and pushes, nothing of
 * the machine's network changes.
 */
export async function startDockerd(
  lab: Lab,
  options: Pick<InsideOptions, 'netns' | 'binds' | 'env'> & { readonly driver?: 'overlay2' | 'vfs' } = {},
): Promise<Dockerd> {
  const folder = await mkdtemp(join(lab.state, 'run/docker-'));
  const inside = folder.slice(lab.state.length);
  const dataRoot = await mkdtemp(join(lab.state, 'var/docker-'));
  await mkdir(join(folder, 'exec'));
  const socket = `${inside}/docker.sock`;
  const { driver, ...where } = options;
  const server = await lab.start(
    'dockerd',
    [
      ...['--data-root', dataRoot.slice(lab.state.length), '--exec-root', `${inside}/exec`],
      ...['--pidfile', `${inside}/docker.pid`, '--host', `unix://${socket}`],
      ...['--storage-driver', driver ?? 'overlay2', '--bridge=none', '--iptables=false', '--ip6tables=false'],
    ],
    {
      ...where,
      ready: async () =>
        (await exists(join(lab.state, socket))) &&
        (await lab.run('docker', ['--host', `unix://${socket}`, 'version'])).code === 0,
    },
  );
  return {
    server,
    dataRoot,
    docker: (args) => lab.must('docker', ['--host', `unix://${socket}`, ...args]),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
