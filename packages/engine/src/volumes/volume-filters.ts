import type { ApiFilters } from '../api/types.ts';
import { EngineError } from '../errors.ts';
import { matchesLabels } from '../filters/labels.ts';
import type { VolumeRow } from './volume-rows.ts';

export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

const LIST_FILTERS = ['dangling', 'driver', 'label', 'name'];
const PRUNE_FILTERS = ['all', 'label', 'label!'];

/** @throws {EngineError} `FILTER_INVALID` */
export function listFilter(filters: ApiFilters): {
  readonly matches: (row: VolumeRow) => boolean;
  /** `undefined`: used or not. */
  readonly isUsed: boolean | undefined;
} {
  check(filters, LIST_FILTERS);
  const { driver = [], label = [], name = [] } = filters;
  const patterns = name.map(toPattern);
  const dangling = readBoolean(filters, 'dangling');
  return {
    isUsed: dangling === undefined ? undefined : !dangling,
    matches: (row) =>
      (driver.length === 0 || driver.includes('local')) &&
      matchesLabels(row.labels, label) &&
      (patterns.length === 0 || patterns.some((pattern) => pattern(row.name))),
  };
}

/** Anonymous ones, or with `all` every one. @throws {EngineError} `FILTER_INVALID` */
export function pruneFilter(filters: ApiFilters): (row: VolumeRow) => boolean {
  check(filters, PRUNE_FILTERS);
  const { label = [], 'label!': without = [] } = filters;
  const all = readBoolean(filters, 'all') ?? false;
  return (row) =>
    (all || row.isAnonymous) &&
    matchesLabels(row.labels, label) &&
    !without.some((text) => matchesLabels(row.labels, [text]));
}

function check(filters: ApiFilters, known: readonly string[]): void {
  const unknown = Object.keys(filters).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new EngineError('FILTER_INVALID', `invalid filter '${unknown}'`);
}

function readBoolean(filters: ApiFilters, name: string): boolean | undefined {
  const values = filters[name] ?? [];
  if (values.length === 0) return undefined;
  if (values.every((value) => ['1', 'true'].includes(value))) return true;
  if (values.every((value) => ['0', 'false'].includes(value))) return false;
  throw new EngineError('FILTER_INVALID', `invalid filter '${name}=[${values.join(' ')}]'`);
}

/** Docker takes it as a regular expression anywhere in the name, and as plain text where it is none. */
function toPattern(text: string): (name: string) => boolean {
  // Backtracking of a hostile expression would hold everything up: only what plain names need is taken as one.
  if (!/^\^?[\w.-]*\$?$/.test(text)) return (name) => name.includes(text);
  const isFromStart = text.startsWith('^');
  const isToEnd = text.endsWith('$');
  const plain = text.slice(isFromStart ? 1 : 0, isToEnd ? -1 : undefined);
  return (name) => {
    if (isFromStart && isToEnd) return name === plain;
    if (isFromStart) return name.startsWith(plain);
    return isToEnd ? name.endsWith(plain) : name.includes(plain);
  };
}
