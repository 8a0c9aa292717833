import type { Descriptor, Digest } from '@berth/oci';
import type { RegistryStore } from './registry-store.ts';

const ROWS_PER_PAGE = 200;
/** An index of more than 4 MiB is more than clients read. */
const BYTES_PER_PAGE = 4 * 1024 * 1024 - 64 * 1024;

export interface ReferrersPage {
  readonly descriptors: readonly Descriptor[];
  /** The last digest of this page when there are more. */
  readonly next: Digest | undefined;
}

/** Manifests of the repository whose subject is `subject`, by digest. */
export async function listReferrers(
  store: RegistryStore,
  wanted: {
    readonly repositoryId: string;
    readonly subject: Digest;
    readonly artifactType: string | undefined;
    readonly after: string;
  },
): Promise<ReferrersPage> {
  let query = store.database.read
    .selectFrom('repository_manifests')
    .select(['digest', 'media_type', 'size', 'artifact_type', 'annotations'])
    .where('repository_id', '=', wanted.repositoryId)
    .where('subject', '=', wanted.subject)
    .where('digest', '>', wanted.after)
    .orderBy('digest')
    .limit(ROWS_PER_PAGE + 1);
  if (wanted.artifactType !== undefined) query = query.where('artifact_type', '=', wanted.artifactType);
  const rows = await query.execute();

  const descriptors: Descriptor[] = [];
  let bytes = 0;
  for (const row of rows.slice(0, ROWS_PER_PAGE)) {
    bytes += (row.annotations?.length ?? 0) + 512;
    if (bytes > BYTES_PER_PAGE && descriptors.length > 0) break;
    descriptors.push({
      mediaType: row.media_type,
      digest: row.digest as Digest,
      size: row.size,
      ...(row.artifact_type === null ? {} : { artifactType: row.artifact_type }),
      ...(row.annotations === null ? {} : { annotations: JSON.parse(row.annotations) }),
    });
  }
  return { descriptors, next: descriptors.length < rows.length ? descriptors.at(-1)?.digest : undefined };
}
