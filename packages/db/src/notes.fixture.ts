/** A small schema for the tests of this package, in this process and in children. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Generated, sql } from 'kysely';
import { type Database, type Migration, type OpenDatabaseOptions, openDatabase } from './index.ts';

export interface Tables {
  authors: { id: Generated<number>; name: string };
  notes: { id: Generated<number>; author: number | null; text: string; size: number };
}

export const migrations: readonly Migration<Tables>[] = [
  {
    version: 1,
    name: 'authors',
    async up(trx) {
      await sql`CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT`.execute(trx);
    },
  },
  {
    version: 2,
    name: 'notes',
    async up(trx) {
      await sql`CREATE TABLE notes (
        id INTEGER PRIMARY KEY, author INTEGER REFERENCES authors (id), text TEXT NOT NULL,
        size INTEGER NOT NULL CHECK (size >= 0)
      ) STRICT`.execute(trx);
    },
  },
];

export function openNotes(
  options: Partial<OpenDatabaseOptions<Tables>> & { readonly url?: string } = {},
): Promise<Database<Tables>> {
  return openDatabase<Tables>({ url: 'sqlite::memory:', migrations, ...options });
}

export async function temporaryFolder(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'berth-db-test-'));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}
