import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { type Experiment, timed } from '../bench.ts';
import { openWorkImage } from './work-image.ts';

/** A directory of the image gets another name in a container. */
export const rename: Experiment = {
  name: 'rename',
  async run(bench) {
    await using image = await openWorkImage(bench);
    await using container = await bench.container(image.top);
    const [from, to] = [join(container.path, 'folder'), join(container.path, 'renamed')];
    try {
      return { figures: { 'rename.ms': await timed(() => renameSync(from, to)) } };
    } catch (error) {
      if (!hasCode(error)) throw error;
      return { figures: {}, refused: { 'rename.ms': error.code } };
    }
  },
};
