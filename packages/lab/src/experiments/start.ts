import { type Experiment, type LabBench, medianOf } from '../bench.ts';
import { layerOf, manyFiles, smallLayers } from '../image.ts';
import { type FigureName, STACKS } from '../interface.ts';

const RUNS = 7;

/** From nothing to a mounted root filesystem, on shallow and deep images of the same files. */
export const start: Experiment = {
  name: 'start',
  async run(bench) {
    const figures: Partial<Record<FigureName, number>> = {};
    for (const depth of STACKS) figures[`start.${depth}.ms`] = await startMs(bench, depth);
    return { figures };
  },
};

async function startMs(bench: LabBench, depth: number): Promise<number> {
  const base = await layerOf(manyFiles('base', Math.ceil(bench.scale.openedFiles / 10)));
  await using image = await bench.image(`stack-${depth}`, [
    base,
    ...(await smallLayers(depth - 1, `stack-${depth}`)),
  ]);
  // The first of an image makes what all of its containers share.
  await (await bench.container(image.top))[Symbol.asyncDispose]();
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    await using container = await bench.container(image.top);
    times.push(container.startMs);
  }
  return medianOf(times);
}
