import { hasCode } from '@berth/errors';
import { chainIDs } from '@berth/oci';
import type { ApiFilters } from '../api/types.ts';
import { matchesLabels } from '../filters/labels.ts';
import { parseMoment } from '../filters/moment.ts';
import type { CallOptions } from '../interface.ts';
import type { ImagesContext } from './context.ts';
import { booleanFilter, checkFilters } from './image-filters.ts';
import type { ImageRow } from './image-rows.ts';
import { referenceOf } from './names.ts';
import { type RemovedItem, removeImage } from './remove-image.ts';
import type { PartialBlobs } from './staging/partial-blobs.ts';

const FILTERS = ['dangling', 'label', 'label!', 'until'];

export interface Pruned {
  readonly ImagesDeleted: readonly RemovedItem[];
  readonly SpaceReclaimed: number;
}

/**
 * Removes images that nothing needs: those without a name, or with `dangling=false` all that no container has.
 * After an abort what was removed stays removed.
 *
 * @throws {EngineError} `FILTER_INVALID`
 */
export async function pruneImages(
  context: ImagesContext & { readonly parts: PartialBlobs },
  { filters = {}, signal }: CallOptions & { readonly filters?: ApiFilters } = {},
): Promise<Pruned> {
  const { rows, deps, names } = context;
  checkFilters(filters, FILTERS);
  const onlyDangling = booleanFilter(filters, 'dangling') ?? true;
  const matches = pruneFilter(filters);
  const sizes = await layerSizes(context);
  const removed: RemovedItem[] = [];
  for (const row of await rows.all()) {
    signal?.throwIfAborted();
    if (!matches(row)) continue;
    const [tags, digests] = [await rows.namesOf(row.id), await rows.digestsOf(row.id)];
    if (tags.length + digests.length === 0) {
      removed.push(...(await removeUnlessNeeded(context, row.id)));
    } else if (!onlyDangling || tags.length === 0) {
      for (const { repository, tag } of tags) {
        removed.push(
          ...(await removeUnlessNeeded(context, names.familiar(referenceOf(repository, { tag })))),
        );
      }
      for (const { repository, digest } of digests) {
        const name = names.familiar(referenceOf(repository, { digest }));
        removed.push(...(await removeUnlessNeeded(context, name)));
      }
    }
  }
  const named = removed.reduce(
    (bytes, item) => bytes + ('Deleted' in item ? (sizes.get(item.Deleted) ?? 0) : 0),
    0,
  );
  // What pulls that were cut left for the next try is nobody's, too.
  const unfinished = (await context.parts.clear()) + (await context.holds.clear());
  const SpaceReclaimed = named + unfinished;
  deps.emit({
    Type: 'image',
    Action: 'prune',
    Actor: { ID: '', Attributes: { reclaimed: String(SpaceReclaimed) } },
  });
  return { ImagesDeleted: removed, SpaceReclaimed };
}

/** `label!` leaves those out that have one of the labels. */
function pruneFilter(filters: ApiFilters): (row: ImageRow) => boolean {
  const until = (filters.until ?? []).map((text) => parseMoment(text).getTime());
  const { label = [], 'label!': without = [] } = filters;
  return ({ createdAtMs, labels }) =>
    (until.length === 0 || (createdAtMs !== undefined && until.every((moment) => createdAtMs <= moment))) &&
    matchesLabels(labels, label) &&
    !without.some((text) => matchesLabels(labels, [text]));
}

/** What a container or a child needs stays, without a word. */
async function removeUnlessNeeded(context: ImagesContext, nameOrId: string): Promise<readonly RemovedItem[]> {
  try {
    return await removeImage(context, nameOrId);
  } catch (error) {
    if (hasCode(error) && ['IMAGE_IN_USE', 'IMAGE_UNKNOWN'].includes(error.code)) return [];
    throw error;
  }
}

async function layerSizes({ rows, deps }: ImagesContext): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (const { id } of await rows.all()) {
    for (const chainID of chainIDs((await rows.config(id))?.rootfs.diff_ids ?? [])) {
      if (!sizes.has(chainID)) sizes.set(chainID, (await deps.layers.layer(chainID))?.sizeBytes ?? 0);
    }
  }
  return sizes;
}
