/**
 * The registry's tables. Moments are integer milliseconds, JSON is text, digests are `algorithm:hex`.
 *
 *     repositories ◀─ repository_names          name → immutable id, with history
 *         ▲  ▲  ▲
 *         │  │  └── tags ──────────▶ digest     and tag_history: what a tag named when
 *         │  └───── repository_manifests ──▶ manifests ──▶ manifest_links
 *         └──────── repository_blobs ──────▶ blobs (the bytes are in the content store)
 *
 * A manifest's bytes are in its row: a push is then one transaction with nothing half-made to sweep, costs no
 * sync of a file and a folder of its own, and a read is one point query. At most 4 MiB each, mostly 1 to 10 KB.
 */
import type { ColumnType, Generated } from 'kysely';

export interface RepositoriesTable {
  id: string;
  created_at: number;
  updated_at: number;
  /** Counted in the transactions that add and remove tags, so that no list has to count. */
  tag_count: number;
}

export interface RepositoryNamesTable {
  name: string;
  repository_id: string;
  since: number;
  /** `null`: the name of today. */
  until: number | null;
}

export interface BlobsTable {
  digest: string;
  size: number;
  created_at: number;
}

export interface RepositoryBlobsTable {
  repository_id: string;
  digest: string;
  linked_at: number;
}

export interface ManifestsTable {
  digest: string;
  size: number;
  bytes: ColumnType<Uint8Array, Uint8Array, never>;
  /** Compressed bytes of the image or of all images of an index. */
  image_size: number;
  /** JSON: `StoredImage[]`. */
  images: string;
  created_at: number;
}

/** Media type and referrer fields are kept per repository: what one repository pushed tells another nothing. */
export interface RepositoryManifestsTable {
  repository_id: string;
  digest: string;
  media_type: string;
  size: number;
  subject: string | null;
  artifact_type: string | null;
  /** JSON object. */
  annotations: string | null;
  pushed_at: number;
  pushed_by: string;
}

export interface ManifestLinksTable {
  manifest: string;
  kind: 'blob' | 'manifest';
  digest: string;
}

export interface TagsTable {
  repository_id: string;
  name: string;
  digest: string;
  pushed_at: number;
  pushed_by: string;
}

export interface TagHistoryTable {
  id: Generated<number>;
  repository_id: string;
  name: string;
  /** `null`: the tag was deleted. */
  digest: string | null;
  at: number;
  actor: string;
}

export interface UploadsTable {
  id: string;
  /** The name, not an id: a repository begins with its first blob or manifest, not with a try. */
  repository: string;
  subject: string;
  started_at: number;
  updated_at: number;
  /** Set before the bytes get their final name (see upload-sessions.ts). */
  committing: string | null;
}

export interface LeasesTable {
  id: string;
  owner: string;
  expires_at: number;
}

export interface LeaseDigestsTable {
  lease_id: string;
  digest: string;
}

export interface RegistryTables {
  repositories: RepositoriesTable;
  repository_names: RepositoryNamesTable;
  blobs: BlobsTable;
  repository_blobs: RepositoryBlobsTable;
  manifests: ManifestsTable;
  repository_manifests: RepositoryManifestsTable;
  manifest_links: ManifestLinksTable;
  tags: TagsTable;
  tag_history: TagHistoryTable;
  uploads: UploadsTable;
  leases: LeasesTable;
  lease_digests: LeaseDigestsTable;
}
