import type { Migration } from '@berth/db';
import { sql } from 'kysely';
import type { RegistryTables } from './schema.ts';

const FIRST = [
  `CREATE TABLE repositories (
    id TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    tag_count INTEGER NOT NULL DEFAULT 0
  ) STRICT`,
  `CREATE TABLE repository_names (
    name TEXT NOT NULL,
    repository_id TEXT NOT NULL REFERENCES repositories (id),
    since INTEGER NOT NULL,
    until INTEGER
  ) STRICT`,
  'CREATE UNIQUE INDEX repository_names_current ON repository_names (name) WHERE until IS NULL',
  'CREATE INDEX repository_names_by_repository ON repository_names (repository_id, until)',
  `CREATE TABLE blobs (
    digest TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE repository_blobs (
    repository_id TEXT NOT NULL REFERENCES repositories (id),
    digest TEXT NOT NULL REFERENCES blobs (digest),
    linked_at INTEGER NOT NULL,
    PRIMARY KEY (repository_id, digest)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX repository_blobs_by_digest ON repository_blobs (digest)',
  `CREATE TABLE manifests (
    digest TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    image_size INTEGER NOT NULL,
    images TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE repository_manifests (
    repository_id TEXT NOT NULL REFERENCES repositories (id),
    digest TEXT NOT NULL REFERENCES manifests (digest),
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    subject TEXT,
    artifact_type TEXT,
    annotations TEXT,
    pushed_at INTEGER NOT NULL,
    pushed_by TEXT NOT NULL,
    PRIMARY KEY (repository_id, digest)
  ) STRICT`,
  'CREATE INDEX repository_manifests_by_digest ON repository_manifests (digest)',
  `CREATE INDEX repository_manifests_by_subject
    ON repository_manifests (repository_id, subject, digest) WHERE subject IS NOT NULL`,
  `CREATE TABLE manifest_links (
    manifest TEXT NOT NULL REFERENCES manifests (digest),
    kind TEXT NOT NULL CHECK (kind IN ('blob', 'manifest')),
    digest TEXT NOT NULL,
    PRIMARY KEY (manifest, kind, digest)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX manifest_links_by_digest ON manifest_links (digest)',
  `CREATE TABLE tags (
    repository_id TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    pushed_at INTEGER NOT NULL,
    pushed_by TEXT NOT NULL,
    PRIMARY KEY (repository_id, name),
    FOREIGN KEY (repository_id, digest) REFERENCES repository_manifests (repository_id, digest)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX tags_by_digest ON tags (repository_id, digest)',
  `CREATE TABLE tag_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repository_id TEXT NOT NULL REFERENCES repositories (id),
    name TEXT NOT NULL,
    digest TEXT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL
  ) STRICT`,
  'CREATE INDEX tag_history_by_tag ON tag_history (repository_id, name, id)',
  `CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    repository TEXT NOT NULL,
    subject TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    committing TEXT
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX uploads_by_age ON uploads (updated_at)',
  'CREATE INDEX uploads_committing ON uploads (committing) WHERE committing IS NOT NULL',
  `CREATE TABLE leases (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX leases_by_end ON leases (expires_at)',
  `CREATE TABLE lease_digests (
    lease_id TEXT NOT NULL REFERENCES leases (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    PRIMARY KEY (lease_id, digest)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX lease_digests_by_digest ON lease_digests (digest)',
];

export const REGISTRY_MIGRATIONS: readonly Migration<RegistryTables>[] = [
  {
    version: 1,
    name: 'repositories, blobs, manifests, tags, uploads, leases',
    async up(trx) {
      for (const statement of FIRST) await sql.raw(statement).execute(trx);
    },
  },
];
