import { chainIDs, type ImageID } from '@berth/oci';
import type { ApiFilters, ApiImageSummary } from '../api/types.ts';
import type { ImagesContext } from './context.ts';
import { booleanFilter, checkFilters, nameFilter, rowFilter } from './image-filters.ts';
import type { ImageRow, References } from './image-rows.ts';
import { referenceOf } from './names.ts';

const FILTERS = ['before', 'dangling', 'label', 'reference', 'since', 'until'];
const NOT_COUNTED = -1;

export interface ListOptions {
  /** Also images without a name that others were made from. */
  readonly all?: boolean;
  readonly filters?: ApiFilters;
  /** Counts what images share, and their containers; else both are −1. */
  readonly sharedSize?: boolean;
}

/**
 * Newest first.
 *
 * @throws {EngineError} `FILTER_INVALID`; `IMAGE_UNKNOWN` for what `before` and `since` name
 */
export async function listImages(
  context: ImagesContext,
  options: ListOptions = {},
): Promise<readonly ApiImageSummary[]> {
  const { rows, names } = context;
  const { all = false, filters = {}, sharedSize = false } = options;
  checkFilters(filters, FILTERS);
  const dangling = booleanFilter(filters, 'dangling');
  const matches = await rowFilter(context, filters);
  const matchesName = nameFilter(names, filters.reference);
  const isByName = (filters.reference ?? []).length > 0;
  const everything = await rows.all();
  const references = await rows.allReferences();
  const parents = new Set(everything.map(({ parent }) => parent));
  const shared = sharedSize ? await sharedBytes(context, everything) : undefined;
  const summaries: ApiImageSummary[] = [];
  for (const row of everything.toSorted((a, b) => (b.createdAtMs ?? 0) - (a.createdAtMs ?? 0))) {
    if (!matches(row)) continue;
    const own = references.get(row.id);
    const isNamed = own !== undefined && own.names.length + own.digests.length > 0;
    if (!isNamed && (isByName || dangling === false || (!all && parents.has(row.id)))) continue;
    if (isNamed && dangling === true && own.names.length > 0) continue;
    const shown = shownNames(context, own, matchesName);
    if (isNamed && shown.RepoTags.length + shown.RepoDigests.length === 0) continue;
    summaries.push({
      Id: row.id,
      ParentId: row.parent ?? '',
      ...shown,
      Created: Math.floor((row.createdAtMs ?? 0) / 1000),
      Size: row.sizeBytes,
      SharedSize: shared?.get(row.id) ?? NOT_COUNTED,
      Labels: row.labels ?? null,
      Containers: sharedSize ? (await context.deps.containers.usersOfImage(row.id)).length : NOT_COUNTED,
    });
  }
  return summaries;
}

function shownNames(
  { names }: ImagesContext,
  references: References | undefined,
  matchesName: ReturnType<typeof nameFilter>,
): Pick<ApiImageSummary, 'RepoTags' | 'RepoDigests'> {
  const { names: tags = [], digests = [] } = references ?? {};
  return {
    RepoTags: tags
      .map(({ repository, tag }) => referenceOf(repository, { tag }))
      .filter(matchesName)
      .map((reference) => names.familiar(reference)),
    RepoDigests: digests
      .map(({ repository, digest }) => referenceOf(repository, { digest }))
      .filter(matchesName)
      .map((reference) => names.familiar(reference)),
  };
}

/** For each image the bytes of its layers that another image has too. */
async function sharedBytes(
  { rows, deps }: ImagesContext,
  images: readonly ImageRow[],
): Promise<ReadonlyMap<ImageID, number>> {
  const chains = new Map<ImageID, readonly string[]>();
  const users = new Map<string, number>();
  const sizes = new Map<string, number>();
  for (const { id } of images) {
    const chain = chainIDs((await rows.config(id))?.rootfs.diff_ids ?? []);
    chains.set(id, chain);
    for (const chainID of chain) {
      users.set(chainID, (users.get(chainID) ?? 0) + 1);
      if (!sizes.has(chainID)) sizes.set(chainID, (await deps.layers.layer(chainID))?.sizeBytes ?? 0);
    }
  }
  const sum = (chain: readonly string[]) =>
    chain
      .filter((chainID) => (users.get(chainID) ?? 0) > 1)
      .reduce((bytes, chainID) => bytes + (sizes.get(chainID) ?? 0), 0);
  return new Map([...chains].map(([id, chain]) => [id, sum(chain)]));
}
