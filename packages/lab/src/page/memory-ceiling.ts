import type { DriverReport, LabMachine, LabScale } from '../interface.ts';

const PAGE_BYTES = 4096;
/** What is left to the contents of files, at most: the system and the lab need the rest. */
const USABLE = 0.75;
/** A machine gives up pages that were read long before it is full of them. */
const PRESSED = 1 / 3;

/** Of one copy of the image, when all of it was read: files begin at pages of their own. */
export function cachedImageBytes({ writtenFileBytes, openedFiles }: LabScale): number {
  return writtenFileBytes + openedFiles * PAGE_BYTES;
}

/** Whether a copy of the image for each container does not fit in the machine: who keeps so many is seen as far as it has room. */
export function hasMemoryCeiling({ scale, memoryBytes }: LabMachine): boolean {
  return scale.sharers * cachedImageBytes(scale) > USABLE * memoryBytes;
}

/** Whether the driver's figure says how much memory there was, and not how much it would take. */
export function isCutOff(machine: LabMachine, { figures }: DriverReport): boolean {
  const bytes = figures['sharers.memoryBytes'];
  return (
    bytes !== undefined &&
    hasMemoryCeiling(machine) &&
    bytes > PRESSED * machine.memoryBytes &&
    !isShared(machine, bytes)
  );
}

/** Less than two copies is one, and what else was read meanwhile. */
export function isShared({ scale }: LabMachine, bytes: number): boolean {
  return bytes < 2 * cachedImageBytes(scale);
}
