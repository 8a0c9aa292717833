import type { Reference } from '@berth/oci';
import type { ApiFilters } from '../api/types.ts';
import { EngineError } from '../errors.ts';
import { matchesLabels } from '../filters/labels.ts';
import { parseMoment } from '../filters/moment.ts';
import type { ImagesContext } from './context.ts';
import { needImage } from './find-image.ts';
import { matchesGlob } from './glob.ts';
import type { ImageRow } from './image-rows.ts';
import { bareReference, type ImageNames } from './names.ts';

/** @throws {EngineError} `FILTER_INVALID` for a filter that is not in `known` */
export function checkFilters(filters: ApiFilters, known: readonly string[]): void {
  const unknown = Object.keys(filters).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new EngineError('FILTER_INVALID', `invalid filter '${unknown}'`);
}

/** @throws {EngineError} `FILTER_INVALID` */
export function booleanFilter(filters: ApiFilters, name: string): boolean | undefined {
  const values = filters[name];
  if (values === undefined || values.length === 0) return undefined;
  const meanings = values.map((value) => BOOLEANS.get(value.toLowerCase()));
  const [first] = meanings;
  if (first !== undefined && meanings.every((each) => each === first)) return first;
  throw new EngineError('FILTER_INVALID', `invalid filter '${name}=[${values.join(' ')}]'`);
}

/** What Go's strconv.ParseBool takes. */
const BOOLEANS = new Map([
  ['1', true],
  ['t', true],
  ['true', true],
  ['0', false],
  ['f', false],
  ['false', false],
]);

/** The filters that look at the image itself, for lists. */
export async function rowFilter(
  context: ImagesContext,
  filters: ApiFilters,
): Promise<(row: ImageRow) => boolean> {
  const before = await momentsOf(context, filters.before);
  const since = await momentsOf(context, filters.since);
  const until = (filters.until ?? []).map((text) => parseMoment(text).getTime());
  const { label = [] } = filters;
  return ({ createdAtMs, labels }) => {
    const at = createdAtMs ?? 0;
    return (
      before.every((moment) => at < moment) &&
      since.every((moment) => at > moment) &&
      until.every((moment) => at < moment) &&
      matchesLabels(labels, label)
    );
  };
}

async function momentsOf(context: ImagesContext, names: readonly string[] = []): Promise<readonly number[]> {
  const moments: number[] = [];
  for (const name of names) {
    const { id } = await needImage(context, name);
    moments.push((await context.rows.row(id))?.createdAtMs ?? 0);
  }
  return moments;
}

/** `reference`: a pattern over the name as it is shown, with or without tag. */
export function nameFilter(
  names: ImageNames,
  patterns: readonly string[] | undefined,
): (reference: Reference) => boolean {
  if (patterns === undefined || patterns.length === 0) return () => true;
  return (reference) => {
    const shown = [names.familiar(reference), names.familiar(bareReference(reference))];
    return patterns.some((pattern) => shown.some((text) => matchesGlob(pattern, text)));
  };
}
