import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { type Migration, openDatabase } from './index.ts';
import { migrations, openNotes, type Tables, temporaryFolder } from './notes.fixture.ts';

const third: Migration<Tables> = {
  version: 3,
  name: 'text in upper case',
  async up(trx) {
    await sql`UPDATE notes SET text = upper(text)`.execute(trx);
  },
};

async function versions(url: string, known: readonly Migration<Tables>[]): Promise<readonly unknown[]> {
  await using db = await openDatabase<Tables>({ url, migrations: known });
  const { rows } = await sql`SELECT version, name FROM berth_migrations ORDER BY version`.execute(db.read);
  return rows;
}

describe('migrations', () => {
  test('bring a database of an older version to the newest, and keep its rows', async (context) => {
    const url = `sqlite:${join(await temporaryFolder(context), 'notes.db')}`;
    {
      await using db = await openNotes({ url });
      await db.transaction((trx) =>
        trx.insertInto('notes').values({ author: null, text: 'abc', size: 3 }).execute(),
      );
    }
    assert.deepEqual(await versions(url, [...migrations, third]), [
      { version: 1, name: 'authors' },
      { version: 2, name: 'notes' },
      { version: 3, name: 'text in upper case' },
    ]);
    await using db = await openDatabase<Tables>({ url, migrations: [...migrations, third] });
    assert.deepEqual(await db.read.selectFrom('notes').select('text').execute(), [{ text: 'ABC' }]);
  });

  test('refuse a database made by a newer version, and change nothing in it', async (context) => {
    const url = `sqlite:${join(await temporaryFolder(context), 'notes.db')}`;
    await versions(url, [...migrations, third]);
    await assert.rejects(openNotes({ url }), (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, 'DB_NEWER');
      assert.match(error.message, /newer Berth \(schema 3, this one knows 2\)/);
      assert.ok(error.hint);
      return true;
    });
    assert.equal((await versions(url, [...migrations, third])).length, 3);
  });

  test('that fail leave the version before', async (context) => {
    const url = `sqlite:${join(await temporaryFolder(context), 'notes.db')}`;
    const broken: Migration<Tables> = {
      version: 3,
      name: 'broken',
      async up(trx) {
        await sql`CREATE TABLE half_made (id INTEGER)`.execute(trx);
        throw new Error('broken step');
      },
    };
    await assert.rejects(versions(url, [...migrations, broken]), /broken step/);
    assert.equal((await versions(url, migrations)).length, 2);
    await using db = await openNotes({ url });
    await assert.rejects(sql`SELECT * FROM half_made`.execute(db.read), { code: 'DB_QUERY' });
  });

  test('run once when several open the same database at the same time', async (context) => {
    const url = `sqlite:${join(await temporaryFolder(context), 'notes.db')}`;
    const lists = await Promise.all(Array.from({ length: 4 }, () => versions(url, migrations)));
    for (const list of lists) assert.equal(list.length, 2);
  });

  test('with a gap in their numbers are a fault of ours', async () => {
    await assert.rejects(openDatabase<Tables>({ url: 'sqlite::memory:', migrations: [third] }), /expected 1/);
  });

  test('may be none at all', async () => {
    await using db = await openDatabase<Tables>({ url: 'sqlite::memory:', migrations: [] });
    assert.equal(await db.events.head(), 0);
  });
});
