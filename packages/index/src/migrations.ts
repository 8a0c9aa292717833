import type { Migration } from '@berth/db';
import { sql } from 'kysely';
import type { Tables } from './schema.ts';

const FIRST = [
  `CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    email TEXT,
    is_admin INTEGER NOT NULL,
    password_hash TEXT NOT NULL,
    default_private INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE setup_codes (
    code_hash TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE access_tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER
  ) STRICT`,
  'CREATE INDEX access_tokens_of_user ON access_tokens (user_id, created_at)',
  `CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    access_token_id TEXT REFERENCES access_tokens (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT`,
  'CREATE INDEX sessions_of_user ON sessions (user_id, created_at)',
  'CREATE INDEX sessions_of_access_token ON sessions (access_token_id)',
  'CREATE INDEX sessions_by_end ON sessions (expires_at)',
  `CREATE TABLE refresh_tokens (
    token_hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    access_token_id TEXT REFERENCES access_tokens (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT`,
  'CREATE INDEX refresh_tokens_of_user ON refresh_tokens (user_id, created_at)',
  'CREATE INDEX refresh_tokens_of_access_token ON refresh_tokens (access_token_id)',
  'CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at)',
  `CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    private_jwk TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE repositories (
    id TEXT PRIMARY KEY,
    registry_id TEXT UNIQUE,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    full_description TEXT NOT NULL,
    is_private INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (namespace, name)
  ) STRICT`,
  'CREATE INDEX repositories_by_change ON repositories (updated_at, id)',
  'CREATE INDEX repositories_of_namespace_by_change ON repositories (namespace, updated_at, id)',
  `CREATE TABLE cursors (
    log TEXT PRIMARY KEY,
    seq INTEGER NOT NULL
  ) STRICT`,
];

export const MIGRATIONS: readonly Migration<Tables>[] = [
  {
    version: 1,
    name: 'accounts, tokens, repositories',
    async up(trx) {
      for (const statement of FIRST) await sql.raw(statement).execute(trx);
    },
  },
];
