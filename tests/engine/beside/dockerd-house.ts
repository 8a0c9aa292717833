import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandOptions, type CommandResult, runCommand } from '../../lab/command.ts';
import { type EngineHouse, openEngineHouse } from '../../lab/engine-house.ts';
import type { Lab } from '../../lab/peers.ts';
import { exists } from '../../lab/ready.ts';
import { startServer } from '../../lab/server.ts';

/** Debian's dockerd in a house of its own, as an engine of ours would be: with bridge, ports and everything. */
export interface DockerdHouse extends AsyncDisposable {
  readonly house: EngineHouse;
  docker(args: readonly string[], options?: Pick<CommandOptions, 'input'>): Promise<CommandResult>;
}

export async function startDockerdHouse(lab: Lab): Promise<DockerdHouse> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-dockerd-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'data'));
  const house = stack.use(await openEngineHouse(lab));
  const socket = join(folder, 'docker.sock');
  const docker = (args: readonly string[], options: Pick<CommandOptions, 'input'> = {}) =>
    runCommand(house.command(house.docker, ['--host', `unix://${socket}`, ...args]), options);
  stack.use(
    await startServer(
      house.command('dockerd', [
        ...[
          '--data-root',
          join(folder, 'data'),
          '--exec-root',
          '/run/docker',
          '--pidfile',
          '/run/docker.pid',
        ],
        ...['--host', `unix://${socket}`, '--storage-driver', 'overlay2'],
      ]),
      {
        isWrapped: true,
        onlyEnv: { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8' },
        ready: async () => (await exists(socket)) && (await docker(['version'])).code === 0,
      },
    ),
  );
  const owned = stack.move();
  return { house, docker, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
