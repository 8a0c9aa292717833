import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Generated, sql } from 'kysely';
import { type Migration, openDatabase, type Param } from './index.ts';

interface Tables {
  tags: { id: Generated<number>; name: string; digest: string };
}

const migrations: readonly Migration<Tables>[] = [
  {
    version: 1,
    name: 'tags',
    async up(trx) {
      await sql`CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, digest TEXT NOT NULL) STRICT`.execute(
        trx,
      );
    },
  },
];

describe('openDatabase() over SQLite', () => {
  test('transaction() is seen by reads as soon as it has resolved', async () => {
    await using db = await openDatabase<Tables>({ url: 'sqlite::memory:', migrations });
    const digestOf = db.prepare((query, param: Param<{ name: string }>) =>
      query.selectFrom('tags').select('digest').where('name', '=', param('name')),
    );
    for (let turn = 0; turn < 100; turn += 1) {
      const name = `tag-${turn}`;
      const inserted = await db.transaction(async (trx) => {
        const result = await trx
          .insertInto('tags')
          .values({ name, digest: `d${turn}` })
          .executeTakeFirst();
        assert.deepEqual(await digestOf({ name }), []);
        return result;
      });
      assert.equal(inserted.insertId, BigInt(turn + 1));
      assert.deepEqual(await digestOf({ name }), [{ digest: `d${turn}` }]);
      assert.deepEqual(await db.read.selectFrom('tags').select('name').where('name', '=', name).execute(), [
        { name },
      ]);
    }
  });
});
