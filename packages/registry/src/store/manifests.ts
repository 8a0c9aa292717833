import type { Digest } from '@berth/oci';
import type { StoredImage } from '../manifests/stored-image.ts';
import { inChunks, type RepositoryRef, type Writing } from './writes.ts';

export interface NewManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly subject: Digest | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly blobs: readonly Digest[];
  readonly manifests: readonly Digest[];
  readonly images: readonly StoredImage[];
  readonly imageSize: number;
}

/** Writes a manifest, all of whose links were found, into the repository. Twice is fine. */
export async function insertManifest(
  writing: Writing,
  repository: RepositoryRef,
  manifest: NewManifest,
): Promise<void> {
  const { trx, emit, now, actor } = writing;
  const { digest, mediaType, bytes, imageSize } = manifest;
  const images = JSON.stringify(manifest.images);
  const size = bytes.byteLength;
  await trx
    .insertInto('manifests')
    .values({ digest, size, bytes, image_size: imageSize, images, created_at: now })
    // A child that was missing before (a sparse index) may be there now; what is known is not forgotten.
    .onConflict((conflict) =>
      conflict
        .column('digest')
        .doUpdateSet({ image_size: imageSize, images })
        .where('manifests.image_size', '<', imageSize),
    )
    .execute();
  await insertLinks(writing, manifest);

  const known = await trx
    .selectFrom('repository_manifests')
    .select('digest')
    .where('repository_id', '=', repository.id)
    .where('digest', '=', digest)
    .executeTakeFirst();
  if (known !== undefined) return;
  await trx
    .insertInto('repository_manifests')
    .values({
      repository_id: repository.id,
      digest,
      media_type: mediaType,
      size,
      subject: manifest.subject ?? null,
      artifact_type: manifest.artifactType ?? null,
      annotations: manifest.annotations === undefined ? null : JSON.stringify(manifest.annotations),
      pushed_at: now,
      pushed_by: actor,
    })
    .execute();
  await emit({
    type: 'manifest.pushed',
    repositoryId: repository.id,
    repository: repository.name,
    digest,
    mediaType,
    size,
    actor,
  });
}

async function insertLinks({ trx }: Writing, manifest: NewManifest): Promise<void> {
  const links = [
    ...[...new Set(manifest.blobs)].map((digest) => ({ kind: 'blob' as const, digest })),
    ...[...new Set(manifest.manifests)].map((digest) => ({ kind: 'manifest' as const, digest })),
  ];
  for (const chunk of inChunks(links)) {
    await trx
      .insertInto('manifest_links')
      .values(chunk.map((link) => ({ manifest: manifest.digest, ...link })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

export interface ChildManifest {
  readonly images: readonly StoredImage[];
  readonly imageSize: number;
}

/** Those of `digests` that are manifests of the repository. */
export async function manifestsOf(
  { trx }: Writing,
  repositoryId: string,
  digests: readonly Digest[],
): Promise<ReadonlyMap<string, ChildManifest>> {
  const known = new Map<string, ChildManifest>();
  for (const chunk of inChunks(digests)) {
    const rows = await trx
      .selectFrom('repository_manifests as r')
      .innerJoin('manifests as m', 'm.digest', 'r.digest')
      .select(['m.digest', 'm.images', 'm.image_size'])
      .where('r.repository_id', '=', repositoryId)
      .where('r.digest', 'in', chunk)
      .execute();
    for (const row of rows)
      known.set(row.digest, { images: JSON.parse(row.images), imageSize: row.image_size });
  }
  return known;
}

/** Takes a manifest out of the repository; its tags must be gone. @returns `false` where there is none */
export async function removeManifest(
  { trx, emit, actor }: Writing,
  repository: RepositoryRef,
  digest: Digest,
): Promise<boolean> {
  const result = await trx
    .deleteFrom('repository_manifests')
    .where('repository_id', '=', repository.id)
    .where('digest', '=', digest)
    .executeTakeFirst();
  if (result.numDeletedRows === 0n) return false;
  await emit({
    type: 'manifest.deleted',
    repositoryId: repository.id,
    repository: repository.name,
    digest,
    actor,
  });
  return true;
}
