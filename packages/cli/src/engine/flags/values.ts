import type { Flag } from './interface.ts';

/** Why a value cannot be one of this kind, in the words of Go's strconv and docker's units. */
export function problemOf({ kind }: Flag, value: string): string | undefined {
  switch (kind) {
    case 'bool':
      return toBool(value) === undefined ? syntax('ParseBool', value) : undefined;
    case 'int':
      return /^[+-]?[0-9]+$/.test(value) && Number.isSafeInteger(Number(value))
        ? undefined
        : syntax('ParseInt', value);
    case 'decimal':
      return toNanos(value) === undefined ? `failed to parse ${value} as a rational number` : undefined;
    case 'bytes':
      return toBytes(value) === undefined ? `invalid size: '${value}'` : undefined;
    case 'duration':
      return toNanoseconds(value) === undefined
        ? `time: invalid duration ${JSON.stringify(value)}`
        : undefined;
    default:
      return undefined;
  }
}

function syntax(parser: string, value: string): string {
  return `strconv.${parser}: parsing ${JSON.stringify(value)}: invalid syntax`;
}

/** The words of Go's `ParseBool`. */
export function toBool(value: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value) ? false : undefined;
}

const BINARY = 'bkmgtp';

/** `512m`, `1.5gb`, `64 KiB`, `-1`: powers of 1024, as docker reads memory. */
export function toBytes(value: string): number | undefined {
  if (value === '-1') return -1;
  const match = /^([0-9]+(?:\.[0-9]*)?|\.[0-9]+) ?(?:([bkmgtp])(?:i?b)?)?$/i.exec(value);
  if (match === null || (match[2]?.toLowerCase() === 'b' && /b.*b$/i.test(value))) return undefined;
  const power = match[2] === undefined ? 0 : BINARY.indexOf(match[2].toLowerCase());
  return Math.trunc(Number(match[1]) * 1024 ** power);
}

/** `1.5` CPUs in billionths. */
export function toNanos(value: string): number | undefined {
  const match = /^([0-9]*)(?:\.([0-9]*))?$/.exec(value);
  if (match === null || value === '' || value === '.') return undefined;
  const fraction = (match[2] ?? '').padEnd(9, '0');
  if (/[1-9]/.test(fraction.slice(9))) return undefined;
  return Number(match[1] || '0') * 1e9 + Number(fraction.slice(0, 9));
}

const DURATIONS: Readonly<Record<string, number>> = {
  ...{ ns: 1, us: 1e3, µs: 1e3, ms: 1e6 },
  ...{ s: 1e9, m: 60e9, h: 3600e9 },
};

/** `1h30m`, `500ms`: Go's durations. */
export function toNanoseconds(value: string): number | undefined {
  if (value === '0') return 0;
  const match = /^([+-]?)((?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|ms|s|m|h))+)$/.exec(value);
  if (match?.[2] === undefined) return undefined;
  let sum = 0;
  for (const [, amount, unit] of match[2].matchAll(/([0-9.]+)(ns|us|µs|ms|s|m|h)/g)) {
    sum += Number(amount) * (DURATIONS[unit ?? ''] ?? 0);
  }
  return match[1] === '-' ? -sum : sum;
}
