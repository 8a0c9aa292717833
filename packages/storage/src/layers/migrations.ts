import type { Migration } from '@berth/db';
import { sql } from 'kysely';
import type { StorageTables } from './schema.ts';

const FIRST = [
  `CREATE TABLE layers (
    chain_id TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    diff_id TEXT NOT NULL,
    parent TEXT REFERENCES layers (chain_id),
    size INTEGER NOT NULL CHECK (size >= 0),
    tar_size INTEGER NOT NULL CHECK (tar_size >= 0),
    depth INTEGER NOT NULL CHECK (depth > 0),
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX layers_by_parent ON layers (parent)',
  `CREATE TABLE layer_owners (
    owner TEXT NOT NULL,
    chain_id TEXT NOT NULL REFERENCES layers (chain_id),
    PRIMARY KEY (owner, chain_id)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX layer_owners_by_layer ON layer_owners (chain_id)',
  `CREATE TABLE init_layers (
    key TEXT PRIMARY KEY,
    parent TEXT REFERENCES layers (chain_id)
  ) STRICT, WITHOUT ROWID`,
  // NULLs are distinct in a unique index: the one without an image is kept single by its own.
  'CREATE UNIQUE INDEX init_layers_by_parent ON init_layers (parent)',
  'CREATE UNIQUE INDEX init_layers_without_parent ON init_layers ((1)) WHERE parent IS NULL',
  `CREATE TABLE container_layers (
    name TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    parent TEXT REFERENCES layers (chain_id),
    init_key TEXT NOT NULL REFERENCES init_layers (key),
    size_limit INTEGER,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX container_layers_by_parent ON container_layers (parent)',
  'CREATE INDEX container_layers_by_init ON container_layers (init_key)',
  `CREATE TABLE intents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE
  ) STRICT`,
  'CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID',
];

export const STORAGE_MIGRATIONS: readonly Migration<StorageTables>[] = [
  {
    version: 1,
    name: 'layers',
    async up(trx) {
      for (const statement of FIRST) await sql.raw(statement).execute(trx);
    },
  },
];
