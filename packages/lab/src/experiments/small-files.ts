import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Experiment, timed } from '../bench.ts';
import { openWorkImage } from './work-image.ts';

/** New files in a container, made and removed, a hundred in each folder. */
export const smallFiles: Experiment = {
  name: 'small-files',
  async run(bench) {
    await using image = await openWorkImage(bench);
    await using container = await bench.container(image.top);
    const folder = join(container.path, 'made');
    const create = await bench.meter.measure(() =>
      timed(() => {
        mkdirSync(folder);
        for (let at = 0; at < bench.scale.smallFiles; at++) {
          const below = join(folder, String(Math.floor(at / 100)));
          if (at % 100 === 0) mkdirSync(below);
          writeFileSync(join(below, String(at)), 'a small file\n');
        }
      }),
    );
    const remove = await bench.meter.measure(() => timed(() => rmSync(folder, { recursive: true })));
    return { figures: { 'smallFiles.create.ms': create.result, 'smallFiles.remove.ms': remove.result } };
  },
};
