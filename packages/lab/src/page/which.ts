import type { FigureName, LabMachine } from '../interface.ts';
import { STACKS } from '../interface.ts';
import { lowDepth } from './figures.ts';
import { type Ranking, rank } from './ranking.ts';
import { WORK_NAMES, type WorkName } from './work-names.ts';

/** Of the disk, a container: what the folders and files of a mount take is no space. */
export const NOTHING_BYTES = 256 * 1024;

const DEEPEST = Math.max(...STACKS) as (typeof STACKS)[number];

export interface WorkRanking extends Ranking {
  readonly work: WorkName;
  readonly figure: FigureName;
}

const FIGURES: Readonly<Record<WorkName, (machine: LabMachine) => FigureName>> = {
  changeByte: (machine) => `copyUp.${lowDepth(machine)}.first.ms`,
  writers: () => 'writers.ms',
  readersCold: () => 'readers.cold.ms',
  readersWarm: () => 'readers.warm.ms',
  start: () => `start.${DEEPEST}.ms`,
  freshDisk: () => 'sharers.fresh.takenBytes',
  imageDisk: () => 'unpack.takenBytes',
  memory: () => 'sharers.memoryBytes',
  createFiles: () => 'smallFiles.create.ms',
  removeFiles: () => 'smallFiles.remove.ms',
  unpack: () => 'unpack.ms',
  commit: () => 'commit.ms',
};

/** Which driver is best for what on a machine; work that no driver has a figure of is left out. */
export function rankWorks(machine: LabMachine): readonly WorkRanking[] {
  return WORK_NAMES.map((work) => {
    const figure = FIGURES[work](machine);
    const none = work === 'freshDisk' ? NOTHING_BYTES * machine.scale.sharers : 0;
    return { work, figure, ...rank(machine, figure, { none }) };
  }).filter(({ order, apart }) => order.length + apart.length > 0);
}
