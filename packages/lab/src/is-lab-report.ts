import type { LabReport } from './interface.ts';

/** Whether a value is a report that this version can show. */
export function isLabReport(value: unknown): value is LabReport {
  if (!isObject(value) || value.version !== 1 || !Array.isArray(value.machines)) return false;
  return value.machines.every(
    (machine: unknown) =>
      isObject(machine) &&
      ['name', 'kernel', 'processor', 'fileSystem', 'takenAt'].every(
        (name) => typeof machine[name] === 'string',
      ) &&
      ['cores', 'memoryBytes'].every((name) => typeof machine[name] === 'number') &&
      ['boolean', 'undefined'].includes(typeof machine.hasThrowAway) &&
      isNumbers(machine.scale) &&
      isList(machine.skipped, ['driver', 'cause', 'fix']) &&
      isList(machine.drivers, ['driver']) &&
      machine.drivers.every(
        (one) => isNumbers(one.figures) && isObject(one.refused) && isSizeOrMissing(one.poolBlockBytes),
      ),
  );
}

function isList(value: unknown, texts: readonly string[]): value is readonly Record<string, unknown>[] {
  return (
    Array.isArray(value) &&
    value.every((one: unknown) => isObject(one) && texts.every((name) => typeof one[name] === 'string'))
  );
}

function isNumbers(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((one) => typeof one === 'number');
}

/** It is divided by. */
function isSizeOrMissing(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && value > 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
