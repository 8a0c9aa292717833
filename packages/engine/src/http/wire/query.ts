import type { ApiFilters } from '../../api/types.ts';
import { EngineError } from '../../errors.ts';
import { parseFilters } from './filters.ts';

/** The query of a request, read the way Docker's daemon reads it. */
export class Query {
  readonly #params: URLSearchParams;

  constructor(search: string) {
    this.#params = new URLSearchParams(search);
  }

  has(name: string): boolean {
    return this.#params.has(name);
  }

  /** The first value; empty counts as absent. */
  text(name: string): string | undefined {
    return this.#params.get(name) || undefined;
  }

  all(name: string): readonly string[] {
    return this.#params.getAll(name);
  }

  /** Everything but nothing, `0`, `no`, `false` and `none` is true. */
  flag(name: string, whenAbsent = false): boolean {
    const value = this.#params.get(name);
    if (value === null) return whenAbsent;
    return !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase());
  }

  /** @throws {EngineError} `REQUEST_INVALID` */
  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (/^[+-]?[0-9]+$/.test(value.trim()) && Number.isSafeInteger(number)) return number;
    throw new EngineError(
      'REQUEST_INVALID',
      `invalid value "${value}" for "${name}": expected a whole number`,
    );
  }

  /**
   * Seconds since 1970 with or without a fraction, or a date in RFC 3339. A `Date` has milliseconds: a beginning is rounded
   * down, an end up, so that nothing asked for is left out.
   *
   * @throws {EngineError} `REQUEST_INVALID`
   */
  time(name: 'since' | 'until'): Date | undefined {
    const value = this.text(name);
    if (value === undefined || value === '0') return undefined;
    const isNumber = /^[+-]?[0-9]+(\.[0-9]*)?$/.test(value);
    const date = new Date(isNumber ? milliseconds(value, name === 'until') : value);
    if (!Number.isNaN(date.getTime())) return date;
    throw new EngineError(
      'REQUEST_INVALID',
      `invalid value "${value}" for "${name}": expected seconds since 1970`,
    );
  }

  /** @throws {EngineError} `FILTER_INVALID` */
  filters(): ApiFilters {
    return parseFilters(this.text('filters'));
  }
}

/** Digit by digit: a double has not enough of them for nanoseconds. */
function milliseconds(seconds: string, isRoundedUp: boolean): number {
  const [whole = '0', fraction = ''] = seconds.split('.');
  const isBetween = /[1-9]/.test(fraction.slice(3));
  const rest = Number(fraction.slice(0, 3).padEnd(3, '0')) + (isBetween && isRoundedUp ? 1 : 0);
  return Number(whole) * 1000 + (whole.startsWith('-') ? -rest : rest);
}
