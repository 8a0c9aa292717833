import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import type { Param } from './index.ts';
import { openNotes } from './notes.fixture.ts';

describe('read and prepare() of a database', () => {
  test('see what was committed as soon as transaction() has resolved, and not before', async () => {
    await using db = await openNotes();
    const idOf = db.prepare((query, param: Param<{ name: string }>) =>
      query.selectFrom('authors').select('id').where('name', '=', param('name')),
    );
    for (let turn = 1; turn <= 100; turn += 1) {
      const name = `author-${turn}`;
      const inserted = await db.transaction(async (trx) => {
        const result = await trx.insertInto('authors').values({ name }).executeTakeFirst();
        assert.deepEqual(await idOf({ name }), []);
        assert.equal((await trx.selectFrom('authors').select('id').execute()).length, turn);
        return result;
      });
      assert.equal(inserted.insertId, BigInt(turn));
      assert.equal(inserted.numInsertedOrUpdatedRows, 1n);
      assert.deepEqual(await idOf({ name }), [{ id: turn }]);
      const read = await db.read.selectFrom('authors').selectAll().where('name', '=', name).execute();
      assert.deepEqual(read, [{ id: turn, name }]);
    }
  });

  test('prepare() takes several values, constants beside them, limits and null', async () => {
    await using db = await openNotes();
    await db.transaction(async (trx) => {
      const values = [1, 2, 3, 4, 5].map((size) => ({ author: null, text: `note ${size}`, size }));
      await trx.insertInto('notes').values(values).execute();
    });
    const page = db.prepare((query, param: Param<{ after: number; limit: number; text: string | null }>) =>
      query
        .selectFrom('notes')
        .select('size')
        .where('size', '>', param('after'))
        .where('size', '<', 5)
        .where((where) =>
          where.or([where('text', '=', param('text')), where(sql`${param('text')}`, 'is', null)]),
        )
        .orderBy('size')
        .limit(param('limit')),
    );
    assert.deepEqual(await page({ after: 1, limit: 2, text: null }), [{ size: 2 }, { size: 3 }]);
    assert.deepEqual(await page({ after: 1, limit: 9, text: 'note 4' }), [{ size: 4 }]);
    assert.deepEqual(await page({ after: 4, limit: 9, text: null }), []);
    await assert.rejects(page({ after: 4, limit: 9 } as never), /without a value for "text"/);
  });

  test('stream() gives row by row while others read', async () => {
    await using db = await openNotes();
    await db.transaction(async (trx) => {
      const values = Array.from({ length: 500 }, (_, size) => ({ author: null, text: 'x', size }));
      await trx.insertInto('notes').values(values).execute();
    });
    const sizes: number[] = [];
    const query = db.read.selectFrom('notes').select('size').orderBy('size');
    for await (const { size } of query.stream()) {
      sizes.push(size);
      if (size % 100 === 0) assert.equal((await query.execute()).length, 500);
    }
    assert.deepEqual(
      sizes,
      Array.from({ length: 500 }, (_, size) => size),
    );
  });

  test('refuse to write', async () => {
    await using db = await openNotes();
    await assert.rejects(db.read.insertInto('authors').values({ name: 'x' }).execute(), {
      code: 'DB_READ_ONLY',
    });
    await assert.rejects(
      db.read.transaction().execute(async () => {}),
      { code: 'DB_READ_ONLY' },
    );
  });

  test('a wrong query tells what is wrong', async () => {
    await using db = await openNotes();
    await assert.rejects(sql`SELECT name FROM nowhere`.execute(db.read), {
      code: 'DB_QUERY',
      message: /no such table: nowhere/,
    });
    await assert.rejects(
      db.transaction((trx) => sql`NONSENSE`.execute(trx)),
      { code: 'DB_QUERY' },
    );
    const wrongType = db.read
      .selectFrom('authors')
      .selectAll()
      .where('name', '=', new Date() as never);
    await assert.rejects(wrongType.execute(), { code: 'DB_QUERY' });
  });

  test('text, numbers, bytes and null come back as they went in, truth as 1 and 0', async () => {
    await using db = await openNotes();
    const row = await db.transaction(async (trx) => {
      await sql`CREATE TABLE all_kinds (t TEXT, i INTEGER, r REAL, b BLOB, n TEXT, y INTEGER) STRICT`.execute(
        trx,
      );
      await sql`INSERT INTO all_kinds VALUES (${'zwölf 泊位'}, ${Number.MAX_SAFE_INTEGER}, ${0.1},
        ${new Uint8Array([0, 1, 255])}, ${null}, ${true})`.execute(trx);
      return await sql`SELECT * FROM all_kinds`.execute(trx);
    });
    const expected = [
      { t: 'zwölf 泊位', i: Number.MAX_SAFE_INTEGER, r: 0.1, b: new Uint8Array([0, 1, 255]), n: null, y: 1 },
    ];
    assert.deepEqual(row.rows, expected);
    assert.deepEqual((await sql`SELECT * FROM all_kinds`.execute(db.read)).rows, expected);
  });

  test('everything fails with DB_CLOSED after disposing, which may be called twice', async () => {
    const db = await openNotes();
    await db[Symbol.asyncDispose]();
    await db[Symbol.asyncDispose]();
    await assert.rejects(db.read.selectFrom('authors').selectAll().execute(), { code: 'DB_CLOSED' });
    await assert.rejects(
      db.transaction(async () => {}),
      { code: 'DB_CLOSED' },
    );
    await assert.rejects(db.integrityCheck(), { code: 'DB_CLOSED' });
    await assert.rejects(db.events.read({ after: 0 }), { code: 'DB_CLOSED' });
  });
});
