import { readJsonForm, refused, splitWords } from './words.ts';

/** Fields of Docker's config for each flag. */
const DURATIONS: Readonly<Record<string, string>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
};
const UNITS_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const LEAST_NS = 1e6;

/**
 * `[--interval=30s …] CMD …`, or `NONE`.
 *
 * @throws {EngineError} `CONFIG_REFUSED`
 */
export function readHealthcheck(text: string): Readonly<Record<string, unknown>> {
  const flags: Record<string, unknown> = {};
  let rest = text.trim();
  for (;;) {
    const match = /^--([a-z-]+)(?:=(\S+))?\s*/.exec(rest);
    if (match === null) break;
    const [whole, name, value = ''] = match;
    Object.assign(flags, readFlag(name as string, value));
    rest = rest.slice(whole.length);
  }
  const [kind = ''] = splitWords(rest);
  const command = rest.slice(kind.length).trim();
  switch (kind.toUpperCase()) {
    case 'NONE':
      if (command !== '') throw refused('HEALTHCHECK NONE takes no arguments');
      return { Test: ['NONE'] };
    case 'CMD': {
      if (command === '') throw refused('Missing command after HEALTHCHECK CMD');
      const list = readJsonForm(command);
      return { Test: list === undefined ? ['CMD-SHELL', command] : ['CMD', ...list], ...flags };
    }
    case '':
      throw refused('HEALTHCHECK requires an argument');
    default:
      throw refused(`Unknown type "${kind.toUpperCase()}" in HEALTHCHECK (try CMD)`);
  }
}

function readFlag(name: string, value: string): Readonly<Record<string, number>> {
  if (name === 'retries') {
    const retries = Number(value);
    if (!/^\d+$/.test(value) || retries < 1) throw refused(`--retries must be at least 1 (not ${value})`);
    return { Retries: retries };
  }
  const field = DURATIONS[name];
  if (field === undefined) throw refused(`Unknown flag: ${name}`);
  const nanoseconds = readDuration(value);
  if (nanoseconds === undefined) throw refused(`time: invalid duration "${value}"`);
  if (nanoseconds < LEAST_NS) throw refused(`Interval "--${name}" cannot be less than 1ms`);
  return { [field]: nanoseconds };
}

/** Go's `1m30s` in nanoseconds. */
function readDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    sum += Number(amount) * (UNITS_NS[unit as string] ?? 0);
  }
  return Math.round(sum);
}
