import { join } from 'node:path';
import type { Images } from '../interface.ts';
import type { ImageCatalog } from '../parts.ts';
import { addImage } from './add-image.ts';
import { loadImages } from './archive/load-images.ts';
import { saveImages } from './archive/save-images.ts';
import type { ImagesDeps } from './deps.ts';
import { findImage } from './find-image.ts';
import { imageHistory } from './image-history.ts';
import { ImageRows } from './image-rows.ts';
import { importTar } from './import-image.ts';
import { inspectImage } from './inspect-image.ts';
import { LayerHolds } from './layer-holds.ts';
import { listImages } from './list-images.ts';
import { imageNames } from './names.ts';
import { pruneImages } from './prune-images.ts';
import { pullImage } from './pull/pull-image.ts';
import { pushImage } from './push/push-image.ts';
import { removeImage } from './remove-image.ts';
import { PartialBlobs } from './staging/partial-blobs.ts';
import { Staging } from './staging/staging.ts';
import { tagImage } from './tag-image.ts';

/** Images of one engine. Sweeps what a crash left: files in staging, layers of images that never came to be. */
export async function openImages(deps: ImagesDeps): Promise<Images & ImageCatalog> {
  const { defaultRegistry } = deps;
  const staging = await Staging.open(join(deps.dataRoot, 'staging'));
  const context = {
    deps,
    rows: new ImageRows(deps.db),
    names: imageNames(defaultRegistry === undefined ? {} : { defaultRegistry }),
    holds: new LayerHolds(deps),
    staging,
    parts: new PartialBlobs(staging),
  };
  await context.holds.sweep();
  return {
    list: (options) => listImages(context, options),
    inspect: (nameOrId) => inspectImage(context, nameOrId),
    history: (nameOrId) => imageHistory(context, nameOrId),
    pull: (reference, options) => pullImage(context, reference, options),
    push: (reference, options) => pushImage(context, reference, options),
    tag: (nameOrId, target) => tagImage(context, { nameOrId, target }),
    remove: (nameOrId, options) => removeImage(context, nameOrId, options),
    prune: (filters = {}, options = {}) => pruneImages(context, { ...options, filters }),
    save: (namesOrIds, options) => saveImages(context, namesOrIds, options),
    load: (tar, options) => loadImages(context, tar, options),
    importTar: (tar, options) => importTar(context, tar, options),
    async find(nameOrId) {
      const found = await findImage(context, nameOrId);
      return found === undefined ? undefined : await context.rows.stored(found.id);
    },
    add: (image) => addImage(context, image),
  };
}
