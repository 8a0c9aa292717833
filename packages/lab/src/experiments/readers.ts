import type { Experiment } from '../bench.ts';
import { Loads } from '../loads.ts';
import { dropCaches } from '../memory.ts';
import { openWorkImage, smallFilesIn } from './work-image.ts';

/** Containers of one image, each of which opens and reads all small files of it at once and writes nothing. */
export const readers: Experiment = {
  name: 'readers',
  async run(bench) {
    await using image = await openWorkImage(bench);
    await using stack = new AsyncDisposableStack();
    const containers = await bench.containers(image.top, bench.scale.containers, stack);
    const loads = stack.use(await Loads.start(containers.length));
    const work = containers.map(({ path }) => ({
      type: 'read' as const,
      paths: smallFilesIn(path, bench.scale),
    }));
    const isCold = await dropCaches();
    const first = await loads.run(work);
    const warm = await loads.run(work);
    if (isCold) return { figures: { 'readers.cold.ms': first, 'readers.warm.ms': warm } };
    const refused = { 'readers.cold.ms': 'the caches of the kernel cannot be dropped here' };
    return { figures: { 'readers.warm.ms': warm }, refused };
  },
};
