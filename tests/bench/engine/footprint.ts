import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeTarEntry, writeTar } from '@berth/oci';
import type { Lab } from '../../lab/peers.ts';
import { smallImageBytes } from '../../lab/small-image.ts';
import type { BenchResult } from '../bench.ts';
import type { EngineContender, EngineSize } from './contender.ts';
import { EngineApi } from './engine-api.ts';
import { engineMemory } from './engine-memory.ts';
import { benchFolder, startBerth, startDockerd } from './start-engines.ts';

/** What an engine costs that has nothing to do, what each idle container adds, and how long it takes to start full. */
export async function benchFootprint(lab: Lab, size: EngineSize): Promise<readonly BenchResult[]> {
  await using stack = new AsyncDisposableStack();
  const folder = await benchFolder(stack);
  const image = await smallImageBytes(lab);
  const ours = await memoryOf(startBerth);
  const peer = await memoryOf(startDockerd);
  const startedMs = await startFull(lab, { folder: join(folder, 'full'), size });
  return [
    pair('memory of the engine, idle (PSS)', { atMost: 100 }, [ours.idle, peer.idle]),
    pair('memory for each idle container (PSS)', { atMost: 1.5 }, [ours.each, peer.each]),
    {
      name: `start with ${size.images} images, ${size.stoppedContainers} containers`,
      unit: 'ms',
      goal: { atMost: 1000 },
      ours: startedMs,
      rounds: [{ ours: startedMs }],
    },
  ];

  async function memoryOf(
    start: typeof startBerth,
  ): Promise<{ readonly idle: number; readonly each: number }> {
    await using engine = await start(lab, { folder: join(folder, start.name) });
    using api = new EngineApi(engine);
    await api.importImage('bench:latest', image);
    // It has run something, so that all it needs for that is there.
    await api.runToEnd({ Image: 'bench:latest', Cmd: ['true'], network: 'bridge' });
    const idle = await settledMemory(engine, size);
    for (let made = 0; made < size.idleContainers; made += 1)
      await api.start(await api.create({ Image: 'bench:latest', Cmd: ['sleep', '1000'] }));
    const full = await settledMemory(engine, size);
    return { idle, each: (full - idle) / size.idleContainers };
  }
}

function pair(
  name: string,
  goal: BenchResult['goal'],
  [ours, peer]: readonly [ours: number, peer: number],
): BenchResult {
  return { name, unit: 'MB', goal, ours, peer, rounds: [{ ours, peer }] };
}

/** After what was just done has been forgotten, as far as it is. */
async function settledMemory(engine: EngineContender, size: EngineSize): Promise<number> {
  await sleep(size.settleSeconds * 1000);
  return await engineMemory(engine);
}

/** From the command to the first answer. */
async function startFull(
  lab: Lab,
  { folder, size }: { readonly folder: string; readonly size: EngineSize },
): Promise<number> {
  const image = await smallImageBytes(lab);
  {
    await using engine = await startBerth(lab, { folder });
    using api = new EngineApi(engine);
    await api.importImage('bench:latest', image);
    for (let made = 0; made < size.stoppedContainers; made += 1)
      await api.create({ Image: 'bench:latest', Cmd: ['true'] });
    for (let made = 1; made < size.images; made += 1)
      await api.importImage(`made:${made}`, await tinyTar(made));
  }
  await using engine = await startBerth(lab, { folder });
  const readyAt = performance.now();
  using api = new EngineApi(engine);
  const { images, containers } = await api.count();
  const ms = engine.startedInMs + performance.now() - readyAt;
  if (images !== size.images || containers !== size.stoppedContainers)
    throw new Error(`Cannot measure: ${images} images and ${containers} containers are there`);
  return ms;
}

/** One file, so that each image has a layer of its own. */
async function tinyTar(number: number): Promise<Uint8Array> {
  const bytes = Buffer.from(String(number));
  const entry = makeTarEntry({ type: 'file', path: 'number', size: bytes.length });
  return await buffer(writeTar([{ entry, content: [bytes] }]));
}
