import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDockerdHouse } from '../../lab/dockerd-house.ts';
import { openEngineHouse } from '../../lab/engine-house.ts';
import type { Namespace } from '../../lab/netns.ts';
import type { Lab } from '../../lab/peers.ts';
import { exists } from '../../lab/ready.ts';
import { startServer } from '../../lab/server.ts';
import type { EngineContender } from './contender.ts';

const BERTH = join(import.meta.dirname, '../../../packages/cli/bin/berth.mjs');

export interface RunningEngine extends EngineContender, AsyncDisposable {
  /** From the command to the socket. */
  readonly startedInMs: number;
}

interface Place {
  /** Kept at the end. */
  readonly folder: string;
  readonly netns?: Namespace;
}

/** The program as a user starts it: `berth engine`. */
export async function startBerth(lab: Lab, { folder, netns }: Place): Promise<RunningEngine> {
  await using stack = new AsyncDisposableStack();
  await mkdir(folder, { recursive: true });
  const house = stack.use(await openEngineHouse(lab, netns === undefined ? {} : { netns }));
  const socketPath = join(folder, 'berth.sock');
  const startedAt = performance.now();
  stack.use(
    await startServer(house.command(process.execPath, [BERTH, 'engine'], { cwd: '/' }), {
      isWrapped: true,
      onlyEnv: {
        ...{ PATH: process.env.PATH ?? '', LANG: 'C.UTF-8', HOME: '/root' },
        ...{ BERTH_DATA_ROOT: join(folder, 'data'), BERTH_SOCKET: socketPath },
      },
      ready: (server) => server.stdout().includes(socketPath) && exists(socketPath),
    }),
  );
  const startedInMs = performance.now() - startedAt;
  const owned = stack.move();
  return { socketPath, housePid: house.pid, startedInMs, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

export async function startDockerd(lab: Lab, place: Place): Promise<RunningEngine> {
  const startedAt = performance.now();
  const dockerd = await startDockerdHouse(lab, place);
  return {
    socketPath: dockerd.socketPath,
    housePid: dockerd.house.pid,
    startedInMs: performance.now() - startedAt,
    [Symbol.asyncDispose]: () => dockerd[Symbol.asyncDispose](),
  };
}

export interface Engines extends AsyncDisposable {
  readonly ours: RunningEngine;
  readonly peer: RunningEngine;
}

/** Both on one disk, in folders of their own that are removed at the end. */
export async function startEngines(lab: Lab): Promise<Engines> {
  await using stack = new AsyncDisposableStack();
  const folder = await benchFolder(stack);
  const ours = stack.use(await startBerth(lab, { folder: join(folder, 'ours') }));
  const peer = stack.use(await startDockerd(lab, { folder: join(folder, 'peer') }));
  const owned = stack.move();
  return { ours, peer, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A folder that goes when the stack does. */
export async function benchFolder(stack: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
