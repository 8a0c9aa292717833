import { chainIDs, type ImageID } from '@berth/oci';
import type { ApiHistoryItem } from '../api/types.ts';
import type { ImagesContext } from './context.ts';
import { needImage } from './find-image.ts';
import { referenceOf } from './names.ts';

/**
 * The steps that made an image, newest first, with the bytes each added. Only steps that are images of this engine
 * have an id; the rest are `<missing>`.
 *
 * @throws {EngineError} `IMAGE_UNKNOWN`
 */
export async function imageHistory(
  context: ImagesContext,
  nameOrId: string,
): Promise<readonly ApiHistoryItem[]> {
  const { rows, deps } = context;
  const { id } = await needImage(context, nameOrId);
  const config = await rows.config(id);
  const chain = chainIDs(config?.rootfs.diff_ids ?? []);
  const items: ApiHistoryItem[] = [];
  let layer = 0;
  for (const step of config?.history ?? []) {
    const chainID = step.empty_layer === true ? undefined : chain[layer++];
    const info = chainID === undefined ? undefined : await deps.layers.layer(chainID);
    const createdMs = Date.parse(step.created ?? '');
    items.unshift({
      Id: '<missing>',
      Created: Number.isNaN(createdMs) ? 0 : Math.floor(createdMs / 1000),
      CreatedBy: step.created_by ?? '',
      Tags: null,
      Size: info?.sizeBytes ?? 0,
      Comment: step.comment ?? '',
    });
  }
  return withIds(context, id, items);
}

/** The image and the images it was made from give their ids and names to the newest steps. */
async function withIds(
  { rows, names }: ImagesContext,
  newest: ImageID,
  items: readonly ApiHistoryItem[],
): Promise<readonly ApiHistoryItem[]> {
  const named = [...items];
  let id: ImageID | undefined = newest;
  for (let at = 0; at < named.length && id !== undefined; at += 1) {
    const tags = (await rows.namesOf(id)).map(({ repository, tag }) =>
      names.familiar(referenceOf(repository, { tag })),
    );
    named[at] = { ...(named[at] as ApiHistoryItem), Id: id, Tags: tags.length === 0 ? null : tags };
    id = (await rows.row(id))?.parent;
  }
  return named;
}
