/**
 * The rows of images. Moments are integer milliseconds, JSON is text, digests are `algorithm:hex`.
 *
 *     images ◀─ image_names          registry/repository:tag → image, moves
 *        ▲ ◀─── image_digests        registry/repository@digest → image: what was pulled or pushed under which digest
 *        ▲ ◀─── image_manifests      the exact bytes of the manifests an image came with
 *     layer_blobs                    diffID ↔ compressed blob, so that a push finds what is there already
 *        ▲ ◀─── blob_places          repositories in which a blob was seen: where a push may mount it from
 *     layer_holds                    owners of layers that may outlive their work: swept at start
 *
 * An image is its row: layers and names without it are nobody's. The bytes of a config are in the row, since every
 * list and inspect needs them and they are a few KB.
 */
import type { ColumnType, QueryExecutorProvider } from 'kysely';
import { sql } from 'kysely';

export interface ImagesTable {
  /** `sha256:…` of `config`. */
  id: string;
  /** Exactly as it came: the id is over these. */
  config: ColumnType<Uint8Array, Uint8Array, never>;
  /** Of the whole stack; `null` for an image without layers. */
  chain_id: string | null;
  /** Bytes of the files of all layers. */
  size: number;
  /** What the config says; for order and `until`. `null`: it says nothing. */
  created_at: number | null;
  added_at: number;
  /** `null`: never. */
  tagged_at: number | null;
  /** The image of this engine that it was made from by commit; not set for what came from elsewhere. */
  parent: string | null;
  /** JSON object; `null` where the config has none. */
  labels: string | null;
}

export interface ImageNamesTable {
  /** `docker.io/library/debian`. */
  repository: string;
  tag: string;
  image_id: string;
  tagged_at: number;
}

export interface ImageDigestsTable {
  repository: string;
  /** Of what the name led to: an index, where it was one. */
  digest: string;
  image_id: string;
}

export interface ImageManifestsTable {
  image_id: string;
  digest: string;
  media_type: string;
  bytes: ColumnType<Uint8Array, Uint8Array, never>;
}

export interface LayerBlobsTable {
  diff_id: string;
  digest: string;
  media_type: string;
  size: number;
  seen_at: number;
}

export interface BlobPlacesTable {
  digest: string;
  registry: string;
  repository: string;
  seen_at: number;
}

export interface LayerHoldsTable {
  owner: string;
  since: number;
}

export interface ImageTables {
  images: ImagesTable;
  image_names: ImageNamesTable;
  image_digests: ImageDigestsTable;
  image_manifests: ImageManifestsTable;
  layer_blobs: LayerBlobsTable;
  blob_places: BlobPlacesTable;
  layer_holds: LayerHoldsTable;
}

const TABLES = [
  `CREATE TABLE images (
    id TEXT PRIMARY KEY,
    config BLOB NOT NULL,
    chain_id TEXT,
    size INTEGER NOT NULL,
    created_at INTEGER,
    added_at INTEGER NOT NULL,
    tagged_at INTEGER,
    parent TEXT,
    labels TEXT
  ) STRICT`,
  'CREATE INDEX images_by_parent ON images (parent) WHERE parent IS NOT NULL',
  `CREATE TABLE image_names (
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    image_id TEXT NOT NULL REFERENCES images (id),
    tagged_at INTEGER NOT NULL,
    PRIMARY KEY (repository, tag)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX image_names_by_image ON image_names (image_id)',
  `CREATE TABLE image_digests (
    repository TEXT NOT NULL,
    digest TEXT NOT NULL,
    image_id TEXT NOT NULL REFERENCES images (id),
    PRIMARY KEY (repository, digest)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX image_digests_by_image ON image_digests (image_id)',
  `CREATE TABLE image_manifests (
    image_id TEXT NOT NULL REFERENCES images (id),
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (image_id, digest)
  ) STRICT`,
  `CREATE TABLE layer_blobs (
    diff_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (diff_id, digest)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE blob_places (
    digest TEXT NOT NULL,
    registry TEXT NOT NULL,
    repository TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (digest, registry, repository)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE layer_holds (
    owner TEXT PRIMARY KEY,
    since INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
];

export async function createImageTables(trx: QueryExecutorProvider): Promise<void> {
  for (const statement of TABLES) await sql.raw(statement).execute(trx);
}
