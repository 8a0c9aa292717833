import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { mustRun } from '../../lab/command.ts';
import type { Lab } from '../../lab/peers.ts';
import type { BenchResult } from '../bench.ts';
import { benchFolder } from '../engine/start-engines.ts';
import { startMemoryWatch } from '../memory.ts';
import { measurePairs } from '../pairs.ts';
import type { StorageSize } from './benches.ts';
import { type PackedLayer, packedFixture, packedSmall } from './packed-layers.ts';

const CHILD = join(import.meta.dirname, 'unpack.child.ts');
/** Side by side, for memory. */
const LAYERS = 8;

/**
 * An image of gzip layers into a layer store, verified and durable, beside `tar xzf` of one layer after the other into one folder and
 * a `sync`. Each finds an empty folder and a disk that is synced; nothing is removed while it is measured.
 */
export async function benchUnpack(lab: Lab, size: StorageSize): Promise<readonly BenchResult[]> {
  await using stack = new AsyncDisposableStack();
  const folder = await benchFolder(stack);
  const layers =
    size.image === 'fixture'
      ? await packedFixture(lab)
      : await packedSmall(lab, join(folder, 'small.tar.gz'));
  let places = 0;
  const place = async () => {
    places += 1;
    const path = join(folder, String(places));
    await mkdir(path);
    await mustRun(['sync']);
    return path;
  };
  const pairs = await measurePairs({ ours: unpackOurs, peer: untar } as const, {
    rounds: size.rounds,
    measure: async (unpack) => (await unpack(layers, await place())).seconds,
  });
  const many = Array.from({ length: LAYERS }, (_, at) => layers[at % layers.length] as PackedLayer);
  const { megabytes } = await unpackOurs(many, await place());
  const shown = size.image === 'fixture' ? '5 layers, 500 MB' : 'one layer, 10 MB';
  return [
    { name: `unpack of ${shown}, to the disk`, unit: 's', goal: { atMostTimes: 0.5 }, ...pairs },
    {
      ...{ name: `memory while unpacking ${LAYERS} layers`, unit: 'MB', goal: { atMost: 250 } },
      ...{ ours: megabytes, rounds: [{ ours: megabytes }] },
    },
  ];
}

interface Measured {
  readonly seconds: number;
  readonly megabytes: number;
}

async function unpackOurs(layers: readonly PackedLayer[], folder: string): Promise<Measured> {
  const args = [
    '--disable-warning=ExperimentalWarning',
    CHILD,
    join(folder, 'store'),
    JSON.stringify(layers),
  ];
  // As `berth` itself starts Node.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(dirname(folder), 'compile') };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const { pid } = child;
  if (pid === undefined) throw new Error('Cannot start a process');
  await using memory = await startMemoryWatch(pid);
  const seconds = Number(await text(child.stdout));
  if (!(seconds > 0)) throw new Error('The layers were not unpacked');
  return { seconds, megabytes: await memory.peak() };
}

async function untar(layers: readonly PackedLayer[], folder: string): Promise<Measured> {
  const startedAt = performance.now();
  for (const { path } of layers) {
    await mustRun(['tar', '--extract', '--gzip', '--numeric-owner', '--file', path, '--directory', folder]);
  }
  await mustRun(['sync', '--file-system', folder]);
  return { seconds: (performance.now() - startedAt) / 1000, megabytes: Number.NaN };
}
