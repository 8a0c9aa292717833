import type { Database, OpenDatabaseOptions } from './interface.ts';
import { openSqlite } from './sqlite/database.ts';

/**
 * Opens a database and brings its schema to the newest version. When it resolves, everything is loaded and every
 * file is open: the process may give up its rights after it.
 *
 * @throws {DatabaseError} `DB_URL_INVALID`, `DB_NEWER`, `DB_CORRUPT`, `DB_BUSY`, `DB_IO`, `DB_FULL`
 */
export async function openDatabase<Tables>(options: OpenDatabaseOptions<Tables>): Promise<Database<Tables>> {
  return await openSqlite(options);
}
