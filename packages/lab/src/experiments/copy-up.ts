import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Experiment, LabBench } from '../bench.ts';
import { layerOf, smallLayers } from '../image.ts';
import { DEPTHS, type Depth, type FigureName } from '../interface.ts';

/**
 * One byte is changed in the middle of a large file that lies in the lowest, the middle and the top layer of a stack, and then
 * another byte in the same file: what the first costs is the driver's, what the second costs is the file system's.
 */
export const copyUp: Experiment = {
  name: 'copy-up',
  async run(bench) {
    await using image = await bench.image('deep', await layersOf(bench));
    await using container = await bench.container(image.top);
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
