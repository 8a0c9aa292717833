import { type DiffID, type Digest, parseDigest, parseRepositoryName, type RepositoryName } from '@berth/oci';
import type { EngineDatabase } from '../../database/open.ts';
import type { LayerBlob } from '../store-image.ts';

/** More forms of one layer than that are not tried: each costs a question. */
const MAX_FORMS = 4;
const MAX_PLACES = 4;

export type KnownBlob = LayerBlob['blob'];

/** The compressed forms in which a layer has been seen, those of `first` before others, the latest first. */
export async function knownBlobs(
  db: EngineDatabase,
  diffID: DiffID,
  first: ReadonlySet<Digest>,
): Promise<readonly KnownBlob[]> {
  const rows = await db.read
    .selectFrom('layer_blobs')
    .select(['digest', 'media_type', 'size'])
    .where('diff_id', '=', diffID)
    .orderBy('seen_at', 'desc')
    .execute();
  const blobs = rows.map(({ digest, media_type, size }) => ({
    digest: parseDigest(digest),
    mediaType: media_type,
    size,
  }));
  return blobs
    .toSorted((a, b) => Number(first.has(b.digest)) - Number(first.has(a.digest)))
    .slice(0, MAX_FORMS);
}

/** Other repositories of a registry in which a blob has been seen, the latest first. */
export async function placesOf(
  db: EngineDatabase,
  digest: Digest,
  { registry, repository }: { readonly registry: string; readonly repository: string },
): Promise<readonly RepositoryName[]> {
  const rows = await db.read
    .selectFrom('blob_places')
    .select('repository')
    .where('digest', '=', digest)
    .where('registry', '=', registry)
    .where('repository', '!=', repository)
    .orderBy('seen_at', 'desc')
    .limit(MAX_PLACES)
    .execute();
  return rows.map((row) => parseRepositoryName(row.repository));
}
