import { appendFile } from 'node:fs/promises';
import { type Experiment, medianOf, timed } from '../bench.ts';
import { openWorkImage, smallFilesIn } from './work-image.ts';

const CHANGED_FILES = 10;
const RUNS = 5;

/** Ten files of the image changed, and made a layer. */
export const commit: Experiment = {
  name: 'commit',
  async run(bench) {
    await using image = await openWorkImage(bench);
    const times: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      await using container = await bench.container(image.top);
      const files = smallFilesIn(container.path, bench.scale);
      const step = Math.floor(files.length / CHANGED_FILES);
      for (let at = 0; at < CHANGED_FILES; at++) await appendFile(files[at * step] ?? '', `changed ${run}\n`);
      const owner = `lab:commit-${run}`;
      times.push(await timed(() => bench.store.commit(container.name, { owner, signal: bench.signal })));
      await container[Symbol.asyncDispose]();
      await bench.store.removeOwner(owner);
    }
    return { figures: { 'commit.ms': medianOf(times) } };
  },
};
