import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Experiment } from '../bench.ts';
import type { FigureName } from '../interface.ts';
import { cachedBytes, dropCaches } from '../memory.ts';
import { openWorkImage, smallFilesIn, WORK_FILE } from './work-image.ts';

/** What containers of one image take: of the disk before they have written anything, of memory when each has read all of it. */
export const sharers: Experiment = {
  name: 'sharers',
  async run(bench) {
    await using image = await openWorkImage(bench);
    // The first of an image makes what all of its containers share.
    await (await bench.container(image.top))[Symbol.asyncDispose]();
    await using stack = new AsyncDisposableStack();
    const { result, takenBytes } = await bench.meter.measure(() =>
      bench.containers(image.top, bench.scale.sharers, stack),
    );
    const figures: Partial<Record<FigureName, number>> = { 'sharers.fresh.takenBytes': takenBytes };
    if (!(await dropCaches())) {
      return {
        figures,
        refused: { 'sharers.memoryBytes': 'the caches of the kernel cannot be dropped here' },
      };
    }
    const before = await cachedBytes();
    for (const { path } of result) {
      for (const file of [join(path, WORK_FILE), ...smallFilesIn(path, bench.scale)]) await readFile(file);
    }
    figures['sharers.memoryBytes'] = (await cachedBytes()) - before;
    return { figures };
  },
};
