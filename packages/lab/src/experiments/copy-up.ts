import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChainID } from '@berth/oci';
import type { Experiment, LabBench } from '../bench.ts';
import { layerOf, smallLayers } from '../image.ts';
import { DEPTHS, type Depth, type FigureName } from '../interface.ts';

/** Of a layer of its own between the lowest and the middle one. */
const SMALL_FILE = 'deep-1';

/**
 * One byte is changed in the middle of a large file that lies in the lowest, the middle and the top layer of a stack, and then
 * another byte in the same file: what the first costs is the driver's, what the second costs is the file system's. Whoever
 * is first pays what comes once to an image, and once to a container: a small file is changed before, so that the three start alike.
 */
export const copyUp: Experiment = {
  name: 'copy-up',
  async run(bench) {
    await using image = await bench.image('deep', await layersOf(bench));
    await throwAway(bench, image.top);
    await using container = await bench.container(image.top);
    // By the meter, too: its first walk over the layers leaves times of access to be written.
    await bench.meter.measure(() => changeByte(join(container.path, SMALL_FILE), 0));
    const figures: Partial<Record<FigureName, number>> = {};
    for (const depth of DEPTHS) {
      const path = join(container.path, depth);
      const { largeFileBytes } = bench.scale;
      for (const [turn, at] of [
        ['first', largeFileBytes / 2],
        ['second', largeFileBytes / 4],
      ] as const) {
        const { result, takenBytes, writtenBytes } = await bench.meter.measure(() => changeByte(path, at));
        figures[`copyUp.${depth}.${turn}.ms`] = result;
        figures[`copyUp.${depth}.${turn}.takenBytes`] = takenBytes;
        if (writtenBytes !== undefined) figures[`copyUp.${depth}.${turn}.writtenBytes`] = writtenBytes;
      }
    }
    return { figures };
  },
};

async function throwAway(bench: LabBench, top: ChainID): Promise<void> {
  await using container = await bench.container(top);
  await changeByte(join(container.path, SMALL_FILE), 0);
}

async function layersOf({ scale }: LabBench) {
  const layers = [...(await smallLayers(scale.layers, 'deep'))];
  const places: Readonly<Record<Depth, number>> = {
    bottom: 0,
    middle: Math.floor(scale.layers / 2),
    top: scale.layers - 1,
  };
  for (const depth of DEPTHS) {
    layers[places[depth]] = await layerOf([{ path: depth, bytes: scale.largeFileBytes }]);
  }
  return layers;
}

/** @returns milliseconds from the open to the byte on disk */
async function changeByte(path: string, position: number): Promise<number> {
  const startedAt = performance.now();
  await using handle = await open(path, 'r+');
  await handle.write(Buffer.from([0x42]), 0, 1, position);
  await handle.sync();
  return performance.now() - startedAt;
}
