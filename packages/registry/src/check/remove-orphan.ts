import type { BlobStore } from '@berth/content';
import type { Digest } from '@berth/oci';
import type { RegistryStore } from '../store/registry-store.ts';
import type { Writing } from '../store/writes.ts';

export type OrphanState =
  /** A row, a commit under way or a lease knows of it. */
  'known' | 'orphan' | 'removed';

/**
 * Removes the bytes of a blob that nothing knows of.
 *
 * A commit writes its digest into the session's row before it gives the bytes their name. So while this
 * transaction holds the write lock and sees no such row, nobody is about to record these bytes: also in another
 * process, removing them cannot break a push.
 */
export async function removeOrphanedBlob(target: {
  readonly store: RegistryStore;
  readonly blobs: BlobStore;
  readonly digest: Digest;
  readonly isDryRun: boolean;
}): Promise<OrphanState> {
  const { store, blobs, digest, isDryRun } = target;
  const row = await store.database.read
    .selectFrom('blobs')
    .select('digest')
    .where('digest', '=', digest)
    .executeTakeFirst();
  if (row !== undefined) return 'known';
  return store.write(
    async (writing) => {
      if (await isKnown(writing, digest)) return 'known';
      if (isDryRun) return 'orphan';
      return (await blobs.delete(digest)) ? 'removed' : 'known';
    },
    { actor: 'system' },
  );
}

async function isKnown({ trx, now }: Writing, digest: Digest): Promise<boolean> {
  const blob = await trx.selectFrom('blobs').select('digest').where('digest', '=', digest).executeTakeFirst();
  if (blob !== undefined) return true;
  const upload = await trx
    .selectFrom('uploads')
    .select('id')
    .where('committing', '=', digest)
    .executeTakeFirst();
  if (upload !== undefined) return true;
  const lease = await trx
    .selectFrom('lease_digests as d')
    .innerJoin('leases as l', 'l.id', 'd.lease_id')
    .select('d.digest')
    .where('d.digest', '=', digest)
    .where('l.expires_at', '>', now)
    .executeTakeFirst();
  return lease !== undefined;
}
