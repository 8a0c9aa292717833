import { EngineError } from '../errors.ts';

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const DURATION = /^[-+]?(?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h))+$/;
const PART = /(\d+(?:\.\d*)?)(ns|us|µs|μs|ms|s|m|h)/g;
const DATE = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2}(?:\.\d{1,9})?))?)?)?(Z|[-+]\d{2}:\d{2})?$/;

/**
 * A moment as clients write it in `until` and `since`: seconds since 1970, a duration back from now (`24h`, Go's
 * notation), or RFC 3339, whose end may be left out; without a zone it is this machine's.
 *
 * @throws {EngineError} `FILTER_INVALID`
 */
export function parseMoment(text: string, now: Date = new Date()): Date {
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return new Date(Number(text) * 1000);
  if (DURATION.test(text)) {
    let sumMs = 0;
    for (const [, amount, unit] of text.matchAll(PART))
      sumMs += Number(amount) * (UNITS_MS[unit as string] ?? 0);
    return new Date(now.getTime() - (text.startsWith('-') ? -sumMs : sumMs));
  }
  const match = DATE.exec(text);
  if (match !== null) {
    const [, date, hours = '00', minutes = '00', seconds = '00', zone = ''] = match;
    const moment = new Date(`${date}T${hours}:${minutes}:${seconds}${zone}`);
    if (!Number.isNaN(moment.getTime())) return moment;
  }
  throw new EngineError(
    'FILTER_INVALID',
    `failed to parse value as time or duration: "${text.slice(0, 100)}"`,
  );
}
