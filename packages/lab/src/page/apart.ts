import type { DriverReport, FigureName, LabMachine } from '../interface.ts';
import type { ApartReason } from './apart-reason.ts';
import { imageBytes } from './figures.ts';
import { isCutOff } from './memory-ceiling.ts';

/** @returns `undefined` where the figure is to be compared */
export function apartReason(
  machine: LabMachine,
  report: DriverReport,
  figure: FigureName,
): ApartReason | undefined {
  if (figure.startsWith('copyUp.')) {
    if (copiesAhead(machine, report)) return 'copiedAhead';
    return report.largeFileBytes === undefined ? undefined : 'smallerFile';
  }
  if (figure.startsWith('writers.')) return copiesAhead(machine, report) ? 'copiedAhead' : undefined;
  if (figure === 'sharers.memoryBytes') return isCutOff(machine, report) ? 'cutOff' : undefined;
  return undefined;
}

/** Whether its containers have a copy of the image before they write, as told by what fresh ones take of the disk. */
export function copiesAhead({ scale }: LabMachine, { figures }: DriverReport): boolean {
  const bytes = figures['sharers.fresh.takenBytes'];
  return bytes !== undefined && bytes / scale.sharers > 0.9 * imageBytes(scale);
}
