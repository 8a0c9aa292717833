import type { Experiment } from '../bench.ts';
import { openWorkImage } from './work-image.ts';

/** How long an image takes from tar to durable layers, and what it takes of the disk. */
export const unpack: Experiment = {
  name: 'unpack',
  async run(bench) {
    await using stack = new AsyncDisposableStack();
    const { takenBytes, result } = await bench.meter.measure(() => openWorkImage(bench));
    stack.use(result);
    return { figures: { 'unpack.ms': result.ms, 'unpack.takenBytes': takenBytes } };
  },
};
