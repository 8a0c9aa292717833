import { toNanoseconds } from '../flags/values.ts';
import { VerbError } from './interface.ts';

/**
 * A moment as docker takes it: seconds since 1970, a time so long ago (`42m`), or a date in this machine's zone unless it names
 * one. @returns seconds since 1970
 */
export function moment(
  name: 'since' | 'until',
  value: string | undefined,
  now = Date.now(),
): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (/^-?[0-9]+(\.[0-9]+)?$/.test(value)) return value;
  const ago = toNanoseconds(value);
  // As docker has it: to the second, so that what happened in this one is left out of `--until 0s`.
  if (ago !== undefined) return String(Math.floor(now / 1000 - ago / 1e9));
  const isDate = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})?)?Z?$/.test(value);
  // A date alone is the beginning of a day here, not in Greenwich.
  const date = new Date(isDate && !value.includes('T') ? `${value.replace(/Z$/, '')}T00:00:00` : value);
  if (isDate && !Number.isNaN(date.getTime())) return (date.getTime() / 1000).toFixed(9);
  throw new VerbError(
    `invalid value for "${name}": failed to parse value as time or duration: ${JSON.stringify(value)}`,
  );
}
