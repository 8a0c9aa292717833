import { join } from 'node:path';
import type { Experiment } from '../bench.ts';
import { Loads } from '../loads.ts';
import { openWorkImage, WORK_FILE } from './work-image.ts';

/** Containers of one image, each of which changes blocks of the same large file of the image, all at once. */
export const writers: Experiment = {
  name: 'writers',
  async run(bench) {
    const { containers: count, writtenFileBytes: bytes, writtenBlocks: blocks } = bench.scale;
    await using image = await openWorkImage(bench);
    await using stack = new AsyncDisposableStack();
    const containers = await bench.containers(image.top, count, stack);
    const loads = stack.use(await Loads.start(count));
    const { result, takenBytes } = await bench.meter.measure(() =>
      loads.run(
        containers.map(({ path }, at) => ({
          ...{ type: 'write', path: join(path, WORK_FILE), bytes, blocks },
          seed: at + 1,
        })),
      ),
    );
    return { figures: { 'writers.ms': result, 'writers.takenBytes': takenBytes } };
  },
};
