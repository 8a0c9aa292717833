import type { ApiFilters } from '../../api/types.ts';
import { EngineError } from '../../errors.ts';

/**
 * `filters` comes in two forms: `{"label":["a=b"]}` and, from Go clients, `{"label":{"a=b":true}}`. A value that is
 * `false` there is none.
 *
 * @throws {EngineError} `FILTER_INVALID`
 */
export function parseFilters(text: string | undefined): ApiFilters {
  if (text === undefined) return {};
  const value = parseJson(text);
  if (!isRecord(value)) throw invalid(text);
  const filters: Record<string, readonly string[]> = {};
  for (const [name, given] of Object.entries(value)) {
    const values = Array.isArray(given) ? given : isRecord(given) ? chosen(given) : undefined;
    if (values === undefined || !values.every((one) => typeof one === 'string')) throw invalid(text);
    filters[name] = values;
  }
  return filters;
}

function chosen(given: Record<string, unknown>): string[] | undefined {
  const entries = Object.entries(given);
  if (!entries.every(([, isChosen]) => typeof isChosen === 'boolean')) return undefined;
  return entries.filter(([, isChosen]) => isChosen === true).map(([value]) => value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(text);
    throw error;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(text: string): EngineError {
  return new EngineError('FILTER_INVALID', `invalid filter: cannot read "${text.slice(0, 200)}"`);
}
