import type { BlobInfo } from '@berth/content';
import type { Digest } from '@berth/oci';
import { inChunks, type Writing } from './writes.ts';

/** Makes a blob, whose bytes are in the store, a blob of this repository. Twice is fine. */
export async function linkBlob(writing: Writing, repositoryId: string, blob: BlobInfo): Promise<void> {
  const { trx, now } = writing;
  await trx
    .insertInto('blobs')
    .values({ digest: blob.digest, size: blob.size, created_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await linkKnownBlob(writing, repositoryId, blob.digest);
}

export async function linkKnownBlob(
  { trx, now }: Writing,
  repositoryId: string,
  digest: Digest,
): Promise<void> {
  await trx
    .insertInto('repository_blobs')
    .values({ repository_id: repositoryId, digest, linked_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** @returns `false` where the repository has no such blob; the bytes stay */
export async function unlinkBlob({ trx }: Writing, repositoryId: string, digest: Digest): Promise<boolean> {
  const result = await trx
    .deleteFrom('repository_blobs')
    .where('repository_id', '=', repositoryId)
    .where('digest', '=', digest)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Those of `digests` that are blobs of the repository. */
export async function blobsOf(
  { trx }: Writing,
  repositoryId: string,
  digests: readonly Digest[],
): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for (const chunk of inChunks(digests)) {
    const rows = await trx
      .selectFrom('repository_blobs')
      .select('digest')
      .where('repository_id', '=', repositoryId)
      .where('digest', 'in', chunk)
      .execute();
    for (const row of rows) known.add(row.digest);
  }
  return known;
}
