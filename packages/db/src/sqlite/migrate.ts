import { type Kysely, sql, type Transaction } from 'kysely';
import { DatabaseError } from '../errors.ts';
import type { Migration } from '../interface.ts';
import type { Reader } from './reader.ts';

/** Numbers are `1, 2, 3 …`: a gap would be a step that nobody can ever run. */
export function assertMigrations<Tables>(migrations: readonly Migration<Tables>[]): void {
  for (const [index, { version, name }] of migrations.entries()) {
    if (version !== index + 1) {
      throw new Error(`Migration "${name}" has the version ${version}, expected ${index + 1}`);
    }
  }
}

/** @returns the version of the schema in the file; 0 for one that has none yet */
export function schemaVersion(reader: Reader): number {
  const named = `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'berth_migrations'`;
  if (reader.run(named, []).rows.length === 0) return 0;
  const [row] = reader.run('SELECT max(version) AS version FROM berth_migrations', []).rows;
  return Number(row?.version ?? 0);
}

/** @throws {DatabaseError} `DB_NEWER` */
export function assertKnownVersion(
  version: number,
  options: { readonly known: number; readonly path: string },
): void {
  const { known, path } = options;
  if (version <= known) return;
  throw new DatabaseError(
    'DB_NEWER',
    `Cannot open the database "${path}": it was made by a newer Berth (schema ${version}, this one knows ${known})`,
    {
      hint: 'Start the Berth version that made this data folder, or restore a backup made by this one',
      detail: { found: version, known },
    },
  );
}

async function createOwnTables<Tables>(trx: Transaction<Tables>): Promise<void> {
  await sql`CREATE TABLE IF NOT EXISTS berth_migrations (
    version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL
  ) STRICT`.execute(trx);
  // AUTOINCREMENT: a number is never used again, also when the newest rows were deleted.
  await sql`CREATE TABLE IF NOT EXISTS berth_outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, event TEXT NOT NULL
  ) STRICT`.execute(trx);
}

/**
 * Brings the schema to the newest version, one transaction per step. Another process may do the same at the
 * same time: whoever gets the write lock later finds the step done.
 */
export async function migrate<Tables>(
  write: Kysely<Tables>,
  options: {
    readonly from: number;
    readonly migrations: readonly Migration<Tables>[];
    readonly path: string;
  },
): Promise<void> {
  const { from, migrations, path } = options;
  if (from === migrations.length && from > 0) return;
  await write.transaction().execute(createOwnTables);
  for (const { version, name, up } of migrations.slice(from)) {
    await write.transaction().execute(async (trx) => {
      const found = await sql<{ version: number }>`
        SELECT coalesce(max(version), 0) AS version FROM berth_migrations`.execute(trx);
      const now = found.rows[0]?.version ?? 0;
      assertKnownVersion(now, { known: migrations.length, path });
      if (now >= version) return;
      // A table that is made anew under the same name is referred to by others meanwhile.
      await sql`PRAGMA defer_foreign_keys = ON`.execute(trx);
      await up(trx);
      await sql`INSERT INTO berth_migrations (version, name, applied_at)
        VALUES (${version}, ${name}, ${Date.now()})`.execute(trx);
    });
  }
}
