import { type Descriptor, type DiffID, digestBytes, type ImageConfig, type ImageID } from '@berth/oci';
import type { LayerInfo } from '@berth/storage';
import type { ManifestBytes } from '@berth/transfer';
import type { Transaction } from 'kysely';
import type { EngineTables } from '../database/tables.ts';
import type { ImagesDeps } from './deps.ts';
import type { ImageDigest, ImageName } from './image-rows.ts';

/** An image to write down; its layers are there and owned by `image:<id>`. */
export interface NewImage {
  readonly configBytes: Uint8Array;
  readonly config: ImageConfig;
  /** All of its layers, lowest first. */
  readonly layers: readonly LayerInfo[];
  readonly parent?: ImageID | undefined;
  readonly names?: readonly ImageName[];
  readonly digests?: readonly ImageDigest[];
  readonly manifest?: ManifestBytes | undefined;
  /** The compressed form in which each layer came. */
  readonly blobs?: readonly LayerBlob[];
  /** The repository that has these blobs. */
  readonly place?: { readonly registry: string; readonly repository: string } | undefined;
}

export interface LayerBlob {
  readonly diffID: DiffID;
  readonly blob: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>;
}

/** A name that led to another image before. */
export interface MovedName extends ImageName {
  readonly from: ImageID;
}

/**
 * Writes an image and its names in one transaction: before it there is no image, after it there is all of it.
 * Idempotent. Somebody holds the image meanwhile (`LayerHolds`).
 */
export async function storeImage(
  deps: Pick<ImagesDeps, 'db' | 'onStep'>,
  image: NewImage,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<{ readonly id: ImageID; readonly moved: readonly MovedName[]; readonly isChanged: boolean }> {
  const id = digestBytes(image.configBytes) as ImageID;
  deps.onStep?.('images.before-stored');
  const nowMs = deps.db.now().getTime();
  const result = await deps.db.transaction(
    async (trx) => {
      const isNew = await insertImage(trx, id, { image, nowMs });
      await insertFacts(trx, id, { image, nowMs });
      const { moved, isChanged } = await nameImage(trx, id, { names: image.names ?? [], nowMs });
      const isDigestNew = await insertDigests(trx, id, image.digests ?? []);
      // A name that leads where it led is not news, whatever digest it led there by.
      const hasNames = (image.names ?? []).length > 0;
      return { id, moved, isChanged: hasNames ? isChanged : isNew || isDigestNew };
    },
    options.signal === undefined ? {} : { signal: options.signal },
  );
  deps.onStep?.('images.stored');
  return result;
}

interface Writing {
  readonly image: NewImage;
  readonly nowMs: number;
}

async function insertImage(
  trx: Transaction<EngineTables>,
  id: ImageID,
  { image, nowMs }: Writing,
): Promise<boolean> {
  const { config, configBytes, layers, parent } = image;
  const createdMs = Date.parse(config.created ?? '');
  const labels = config.config?.Labels;
  const result = await trx
    .insertInto('images')
    .values({
      id,
      config: configBytes,
      chain_id: layers.at(-1)?.chainID ?? null,
      size: layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      created_at: Number.isNaN(createdMs) ? null : createdMs,
      added_at: nowMs,
      tagged_at: null,
      parent: parent ?? null,
      labels: labels === undefined ? null : JSON.stringify(labels),
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

async function insertFacts(
  trx: Transaction<EngineTables>,
  id: ImageID,
  { image, nowMs }: Writing,
): Promise<void> {
  const { manifest, blobs = [], place } = image;
  if (manifest !== undefined) {
    const { digest, mediaType } = manifest.descriptor;
    await trx
      .insertInto('image_manifests')
      .values({ image_id: id, digest, media_type: mediaType, bytes: manifest.bytes })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  await recordBlobs(trx, { blobs, place, nowMs });
}

/** What compressed form a layer has been seen in, and where. */
export async function recordBlobs(
  trx: Transaction<EngineTables>,
  { blobs, place, nowMs }: Pick<NewImage, 'place'> & { blobs: readonly LayerBlob[]; nowMs: number },
): Promise<void> {
  for (const { diffID, blob } of blobs) {
    await trx
      .insertInto('layer_blobs')
      .values({
        diff_id: diffID,
        digest: blob.digest,
        media_type: blob.mediaType,
        size: blob.size,
        seen_at: nowMs,
      })
      .onConflict((conflict) => conflict.columns(['diff_id', 'digest']).doUpdateSet({ seen_at: nowMs }))
      .execute();
    if (place === undefined) continue;
    await trx
      .insertInto('blob_places')
      .values({
        digest: blob.digest,
        registry: place.registry,
        repository: place.repository,
        seen_at: nowMs,
      })
      .onConflict((conflict) =>
        conflict.columns(['digest', 'registry', 'repository']).doUpdateSet({ seen_at: nowMs }),
      )
      .execute();
  }
}

/** Lets names lead to an image. */
export async function nameImage(
  trx: Transaction<EngineTables>,
  id: ImageID,
  { names, nowMs }: { readonly names: readonly ImageName[]; readonly nowMs: number },
): Promise<{ readonly moved: readonly MovedName[]; readonly isChanged: boolean }> {
  const moved: MovedName[] = [];
  let isChanged = false;
  for (const { repository, tag } of names) {
    const before = await trx
      .selectFrom('image_names')
      .select('image_id')
      .where('repository', '=', repository)
      .where('tag', '=', tag)
      .executeTakeFirst();
    if (before?.image_id === id) continue;
    isChanged = true;
    if (before !== undefined) moved.push({ repository, tag, from: before.image_id as ImageID });
    await trx
      .insertInto('image_names')
      .values({ repository, tag, image_id: id, tagged_at: nowMs })
      .onConflict((conflict) =>
        conflict.columns(['repository', 'tag']).doUpdateSet({ image_id: id, tagged_at: nowMs }),
      )
      .execute();
  }
  if (isChanged) await trx.updateTable('images').set({ tagged_at: nowMs }).where('id', '=', id).execute();
  return { moved, isChanged };
}

async function insertDigests(
  trx: Transaction<EngineTables>,
  id: ImageID,
  digests: readonly ImageDigest[],
): Promise<boolean> {
  let isNew = false;
  for (const { repository, digest } of digests) {
    const before = await trx
      .selectFrom('image_digests')
      .select('image_id')
      .where('repository', '=', repository)
      .where('digest', '=', digest)
      .executeTakeFirst();
    isNew ||= before?.image_id !== id;
    // One index leads to another image when it is pulled for another platform.
    await trx
      .insertInto('image_digests')
      .values({ repository, digest, image_id: id })
      .onConflict((conflict) => conflict.columns(['repository', 'digest']).doUpdateSet({ image_id: id }))
      .execute();
  }
  return isNew;
}
