import { chainIDs, digestBytes, type ImageConfig, type ImageID } from '@berth/oci';
import type { LayerInfo } from '@berth/storage';
import { EngineError } from '../errors.ts';
import { emitImageEvent, type ImagesContext } from './context.ts';
import { ownerOf } from './layer-holds.ts';
import { repositoryKey } from './names.ts';
import { storeImage } from './store-image.ts';

export interface ImageToAdd {
  readonly config: ImageConfig;
  readonly reference?: string | undefined;
  readonly parent?: ImageID | undefined;
}

/**
 * Stores an image made here, whose layers the layer store has. They stay with whoever owned them until then.
 *
 * @throws {EngineError} `REFERENCE_INVALID`; `IMAGE_INVALID` when a layer is not there
 */
export async function addImage(context: ImagesContext, image: ImageToAdd): Promise<ImageID> {
  const { deps, names } = context;
  const { config, parent } = image;
  const reference =
    image.reference === undefined ? undefined : names.parse(image.reference, { defaultTag: 'latest' });
  if (reference?.digest !== undefined) {
    throw new EngineError('REFERENCE_INVALID', 'cannot commit to digest reference');
  }
  const configBytes = Buffer.from(JSON.stringify(config));
  const owner = ownerOf(digestBytes(configBytes) as ImageID);
  await using _hold = await context.holds.hold(owner);
  const layers: LayerInfo[] = [];
  for (const chainID of chainIDs(config.rootfs.diff_ids)) {
    const layer = await deps.layers.layer(chainID);
    if (layer === undefined) {
      throw new EngineError('IMAGE_INVALID', `Cannot store the image: layer "${chainID}" is not there`);
    }
    layers.push(layer);
  }
  const top = layers.at(-1);
  if (top !== undefined) await deps.layers.addOwner(top.chainID, owner);
  const tagged =
    reference?.tag === undefined ? [] : [{ repository: repositoryKey(reference), tag: reference.tag }];
  const { id } = await storeImage(deps, { config, configBytes, layers, parent, names: tagged });
  if (reference !== undefined) {
    await emitImageEvent(context, { action: 'tag', id, name: names.familiar(reference), labelsOf: id });
  }
  return id;
}
