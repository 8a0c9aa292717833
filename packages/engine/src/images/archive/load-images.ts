import { hostPlatform, isDigest } from '@berth/oci';
import { type ArchivedImage, type ImageArchive, stageImageArchive } from '@berth/transfer';
import type { ApiProgress } from '../../api/types.ts';
import { EngineError } from '../../errors.ts';
import type { CallOptions } from '../../interface.ts';
import { emitImageEvent, type ImagesContext } from '../context.ts';
import { diskFull, isDiskFull } from '../disk-full.ts';
import type { ImageName } from '../image-rows.ts';
import { imageNames, referenceOf, repositoryKey } from '../names.ts';
import { LoadLines, type OnProgress } from '../receive/layer-progress.ts';
import { receiveImage } from '../receive/receive-image.ts';
import { readableTar } from './readable-tar.ts';

export interface LoadOptions extends CallOptions {
  readonly onProgress?: (line: ApiProgress) => void;
  /** Only what was loaded is told, not how far it is. */
  readonly quiet?: boolean;
}

/**
 * Takes all images of an archive in, in order. All names are looked at before the first layer; an image is visible when
 * it is whole, and those before one that is broken stay.
 *
 * The archive waits in staging: its index may come last. Nothing of it is left afterwards.
 *
 * @returns what was loaded: names, or the id of an image without one
 * @throws {EngineError} `IMAGE_INVALID`, `REFERENCE_INVALID`, `DISK_FULL`; {OciError} what is wrong with it
 */
export async function loadImages(
  context: ImagesContext,
  tar: AsyncIterable<Uint8Array>,
  options: LoadOptions = {},
): Promise<readonly string[]> {
  const { onProgress = () => {}, quiet = false, signal } = options;
  await using staged = context.staging.temporary();
  await using archive = await openStaged(tar, { path: staged.path, signal });
  const images = archive.images.map((image) => ({ image, names: namesOf(image) }));
  if (images.length === 0)
    throw new EngineError('IMAGE_INVALID', 'Cannot load the archive: it has no images');
  const loaded: string[] = [];
  for (const { image, names } of images) {
    const received = await receiveImage(context, archive.source, image.descriptor, {
      platform: hostPlatform(),
      signal,
      names,
      keepsManifest: archive.form === 'oci-archive',
      ...(quiet
        ? {}
        : { report: ({ blob, diffID }) => new LoadLines({ diffID, size: blob.size, send: onProgress }) }),
    });
    const shown = names.map(({ repository, tag }) =>
      context.names.familiar(referenceOf(repository, { tag })),
    );
    for (const moved of received.moved) tellMoved(context, moved, onProgress);
    for (const name of shown) onProgress({ stream: `Loaded image: ${name}\n` });
    if (shown.length === 0) onProgress({ stream: `Loaded image ID: ${received.id}\n` });
    loaded.push(...(shown.length === 0 ? [received.id] : shown));
    await emitImageEvent(context, {
      action: 'load',
      id: received.id,
      name: received.id,
      labelsOf: received.id,
    });
  }
  return loaded;
}

async function openStaged(
  tar: AsyncIterable<Uint8Array>,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal | undefined },
): Promise<ImageArchive> {
  try {
    return await stageImageArchive(readableTar(tar), { path, ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    throw isDiskFull(error) ? diskFull('the archive does not fit beside the images', error) : error;
  }
}

/** A short name in an archive is of docker.io, whatever is the default here. */
const ARCHIVE_NAMES = imageNames();

/** @throws {EngineError} `REFERENCE_INVALID` */
function namesOf(image: ArchivedImage): readonly ImageName[] {
  return image.names.map((text) => {
    const reference = ARCHIVE_NAMES.parse(text, { defaultTag: 'latest' });
    if (reference.tag === undefined || reference.digest !== undefined || isDigest(text)) {
      throw new EngineError('REFERENCE_INVALID', `invalid tag "${text.slice(0, 200)}"`);
    }
    return { repository: repositoryKey(reference), tag: reference.tag };
  });
}

function tellMoved(
  { names }: ImagesContext,
  { repository, tag, from }: ImageName & { readonly from: string },
  onProgress: OnProgress,
): void {
  const name = names.familiar(referenceOf(repository, { tag }));
  onProgress({
    stream: `The image ${name} already exists, renaming the old one with ID ${from} to empty string\n`,
  });
}
