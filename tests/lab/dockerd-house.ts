import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandOptions, type CommandResult, runCommand } from './command.ts';
import { type EngineHouse, openEngineHouse } from './engine-house.ts';
import type { Namespace } from './netns.ts';
import type { Lab } from './peers.ts';
import { exists } from './ready.ts';
import { startServer } from './server.ts';

/** Debian's dockerd in a house of its own, as an engine of ours would be: with bridge, ports and everything. */
export interface DockerdHouse extends AsyncDisposable {
  readonly house: EngineHouse;
  /** Tests may connect to it from here. */
  readonly socketPath: string;
  docker(args: readonly string[], options?: Pick<CommandOptions, 'input'>): Promise<CommandResult>;
}

export interface DockerdHouseOptions {
  /** The namespace to live in; one of its own when left out. */
  readonly netns?: Namespace;
  /** Kept at the end; a temporary one, removed at the end, when left out. */
  readonly folder?: string;
}

export async function startDockerdHouse(lab: Lab, options: DockerdHouseOptions = {}): Promise<DockerdHouse> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'berth-dockerd-')));
  await using stack = new AsyncDisposableStack();
  if (options.folder === undefined) stack.defer(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'data'), { recursive: true });
  const house = stack.use(
    await openEngineHouse(lab, options.netns === undefined ? {} : { netns: options.netns }),
  );
  const socketPath = join(folder, 'docker.sock');
  const docker = (args: readonly string[], given: Pick<CommandOptions, 'input'> = {}) =>
    runCommand(house.command(house.docker, ['--host', `unix://${socketPath}`, ...args]), given);
  stack.use(
    await startServer(
      house.command('dockerd', [
        ...['--data-root', join(folder, 'data'), '--exec-root', '/run/docker'],
        ...['--pidfile', '/run/docker.pid', '--host', `unix://${socketPath}`],
        ...['--storage-driver', 'overlay2'],
      ]),
      {
        isWrapped: true,
        onlyEnv: { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8' },
        ready: async () => (await exists(socketPath)) && (await docker(['version'])).code === 0,
      },
    ),
  );
  const owned = stack.move();
  return { house, socketPath, docker, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
