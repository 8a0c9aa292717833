import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChainID } from '@berth/oci';
import type { Experiment, LabBench, MadeContainer } from '../bench.ts';
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
    const made = await bench.meter.measure(() => makeAll(bench, image.top, stack));
    const mounted = await bench.meter.measure(() => mountAll(made.result));
    const figures: Partial<Record<FigureName, number>> = {
      'sharers.created.takenBytes': made.takenBytes,
      'sharers.fresh.takenBytes': made.takenBytes + mounted.takenBytes,
    };
    if (!(await dropCaches())) {
      return {
        figures,
        refused: { 'sharers.memoryBytes': 'the caches of the kernel cannot be dropped here' },
      };
    }
    const before = await cachedBytes();
    for (const path of mounted.result) {
      for (const file of [join(path, WORK_FILE), ...smallFilesIn(path, bench.scale)]) await readFile(file);
    }
    figures['sharers.memoryBytes'] = (await cachedBytes()) - before;
    return { figures };
  },
};

async function makeAll(
  bench: LabBench,
  parent: ChainID,
  stack: AsyncDisposableStack,
): Promise<readonly MadeContainer[]> {
  const made: MadeContainer[] = [];
  for (let at = 0; at < bench.scale.sharers; at++) made.push(stack.use(await bench.make(parent)));
  return made;
}

async function mountAll(containers: readonly MadeContainer[]): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const container of containers) paths.push(await container.mount());
  return paths;
}
