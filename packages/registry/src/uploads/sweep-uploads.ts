import type { BlobStore } from '@berth/content';
import { hasCode } from '@berth/errors';
import { isDigest } from '@berth/oci';
import type { RegistryStore } from '../store/registry-store.ts';

const SYSTEM = { actor: 'system' } as const;
const BATCH = 500;

/**
 * Ends the sessions whose commit was cut, and takes back bytes that had their final name but no row yet. Call it
 * before the first request, while nobody commits. The bytes are removed and not recorded: a digest in a
 * session's row is what its client *said*, and only the commit that was cut knew whether the bytes were sent.
 *
 * @returns how many blobs were removed
 */
export async function undoCutCommits(options: { store: RegistryStore; blobs: BlobStore }): Promise<number> {
  const { store, blobs } = options;
  const rows = await store.database.read
    .selectFrom('uploads as u')
    .leftJoin('blobs as b', 'b.digest', 'u.committing')
    .select(['u.id as id', 'u.committing as digest', 'b.digest as recorded'])
    .where('u.committing', 'is not', null)
    .execute();
  let removed = 0;
  for (const { digest, recorded } of rows) {
    if (recorded !== null || digest === null || !isDigest(digest)) continue;
    if (await blobs.delete(digest)) removed += 1;
  }
  if (rows.length > 0) {
    await store.write(
      ({ trx }) => trx.deleteFrom('uploads').where('committing', 'is not', null).execute(),
      SYSTEM,
    );
  }
  for (const { id } of rows) await abortIngest(blobs, id);
  return removed;
}

/** Removes sessions that nobody used since `before` (milliseconds), with their bytes. @returns how many */
export async function sweepOldUploads(options: {
  store: RegistryStore;
  blobs: BlobStore;
  before: number;
}): Promise<number> {
  const { store, blobs, before } = options;
  let swept = 0;
  for (;;) {
    const rows = await store.database.read
      .selectFrom('uploads')
      .select('id')
      .where('updated_at', '<', before)
      .orderBy('updated_at')
      .limit(BATCH)
      .execute();
    const ids = rows.map((row) => row.id);
    if (ids.length === 0) return swept;
    await store.write(({ trx }) => trx.deleteFrom('uploads').where('id', 'in', ids).execute(), SYSTEM);
    for (const id of ids) await abortIngest(blobs, id);
    swept += ids.length;
  }
}

/** Removes bytes on their way in that no session knows; call it before the first request. @returns how many */
export async function sweepOrphanedIngests(options: {
  store: RegistryStore;
  blobs: BlobStore;
}): Promise<number> {
  const { store, blobs } = options;
  let removed = 0;
  for await (const { id } of blobs.listIngests()) {
    if ((await store.reads.upload(id)) !== undefined) continue;
    if (await abortIngest(blobs, id)) removed += 1;
  }
  return removed;
}

/** @returns `false` where there is nothing, or a request is using it */
export async function abortIngest(blobs: BlobStore, id: string): Promise<boolean> {
  try {
    await using ingest = await blobs.resumeIngest(id);
    await ingest.abort();
    return true;
  } catch (error) {
    if (hasCode(error) && (error.code === 'INGEST_UNKNOWN' || error.code === 'INGEST_BUSY')) return false;
    throw error;
  }
}
