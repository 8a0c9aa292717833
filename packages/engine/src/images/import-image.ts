import { randomUUID } from 'node:crypto';
import { digestBytes, hostPlatform, type ImageConfig, type ImageID, parsePlatform } from '@berth/oci';
import { EngineError } from '../errors.ts';
import type { CallOptions } from '../interface.ts';
import { applyChanges } from './apply-changes.ts';
import { readableTar } from './archive/readable-tar.ts';
import { emitImageEvent, type ImagesContext } from './context.ts';
import { ownerOf } from './layer-holds.ts';
import { repositoryKey } from './names.ts';
import { storeImage } from './store-image.ts';

export interface ImportOptions extends CallOptions {
  readonly reference?: string;
  /** The comment of the image's one step. */
  readonly message?: string;
  /** Instructions of a Dockerfile. */
  readonly changes?: readonly string[];
  readonly platform?: string;
  /** Where the tar came from, for the comment. */
  readonly source?: string;
}

/**
 * Makes an image of one layer from a root filesystem.
 *
 * @throws {EngineError} `REFERENCE_INVALID`, `CONFIG_REFUSED`, before a byte is read
 * @throws {StorageError} {OciError} what is wrong with the tar; nothing is left then
 */
export async function importTar(
  context: ImagesContext,
  tar: AsyncIterable<Uint8Array>,
  options: ImportOptions = {},
): Promise<ImageID> {
  const { deps, names } = context;
  const { changes = [], source = '-', signal } = options;
  const reference =
    options.reference === undefined ? undefined : names.parse(options.reference, { defaultTag: 'latest' });
  if (reference?.digest !== undefined) {
    throw new EngineError('REFERENCE_INVALID', 'cannot import digest reference');
  }
  const config = applyChanges({}, changes);
  const platform = options.platform ? parsePlatform(options.platform) : hostPlatform();
  const passing = `import:${randomUUID()}`;
  await using _passing = await context.holds.hold(passing);
  const layers = await deps.layers.apply({
    layers: [{ open: () => readableTar(tar) }],
    owner: passing,
    ...(signal === undefined ? {} : { signal }),
  });
  const created = deps.db.now().toISOString();
  const imageConfig: ImageConfig = {
    ...platform,
    created,
    comment: options.message || `Imported from ${source}`,
    ...(deps.version === undefined ? {} : { docker_version: deps.version }),
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffID }) => diffID) },
    history: [{ created, comment: options.message || `Imported from ${source}` }],
  };
  const configBytes = Buffer.from(JSON.stringify(imageConfig));
  const owner = ownerOf(digestBytes(configBytes) as ImageID);
  await using _hold = await context.holds.hold(owner);
  for (const { chainID } of layers.slice(-1)) await deps.layers.addOwner(chainID, owner);
  const tagged =
    reference?.tag === undefined ? [] : [{ repository: repositoryKey(reference), tag: reference.tag }];
  const { id } = await storeImage(
    deps,
    { config: imageConfig, configBytes, layers, names: tagged },
    { signal },
  );
  if (reference !== undefined) {
    await emitImageEvent(context, { action: 'tag', id, name: names.familiar(reference), labelsOf: id });
  }
  await emitImageEvent(context, { action: 'import', id, name: id, labelsOf: id });
  return id;
}
