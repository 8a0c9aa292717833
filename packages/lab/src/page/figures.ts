import type { Depth, DriverReport, FigureName, LabMachine, LabScale } from '../interface.ts';
import { bytesText, msText } from './format.ts';
import type { Words } from './words.ts';

export function reportOf({ drivers }: LabMachine, driver: string): DriverReport | undefined {
  return drivers.find((one) => one.driver === driver);
}

export function formatFigure(name: FigureName, value: number): string {
  return name.endsWith('.ms') ? msText(value) : bytesText(value);
}

/** The figure, or why it is not there. */
export function figureText(report: DriverReport, name: FigureName, words: Words): string {
  const value = report.figures[name];
  return value === undefined ? words.unmeasured(report.refused[name]) : formatFigure(name, value);
}

/** With what it ran through: `aufs (through fuse-overlayfs)`. */
export function driverName({ driver, note }: DriverReport, words: Words): string {
  return note === undefined ? driver : words.aside(driver, noteText(note, words));
}

export function noteText(note: string, words: Words): string {
  return words.note[note] ?? note;
}

/** Of reports that do not say it: what a pool has that was not made otherwise. */
const POOL_BLOCK_BYTES = 64 * 1024;

export function poolBlockBytesOf({ poolBlockBytes = POOL_BLOCK_BYTES }: DriverReport): number {
  return poolBlockBytes;
}

/** Of the image that most of the work is done on: files as the tar has them. */
export function imageBytes({ writtenFileBytes, openedFiles }: LabScale): number {
  return writtenFileBytes + openedFiles * 2000;
}

/**
 * The layer that stands for low ones. Where nothing was thrown away before, the lowest was measured first: its figures hold what comes
 * only once, and nothing follows from them.
 */
export function lowDepth(machine: LabMachine): Depth {
  return machine.hasThrowAway === true ? 'bottom' : 'middle';
}

export function isOdd(machine: LabMachine, name: FigureName): boolean {
  return machine.hasThrowAway !== true && name.startsWith('copyUp.bottom.first.');
}
