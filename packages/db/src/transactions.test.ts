import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import { DATABASE_STEPS, type Database } from './index.ts';
import { openNotes, type Tables } from './notes.fixture.ts';

async function names(db: Database<Tables>): Promise<readonly string[]> {
  return (await db.read.selectFrom('authors').select('name').orderBy('id').execute()).map((row) => row.name);
}

/** Holds the only place until `let` is called. */
function hold(db: Database<Tables>): { readonly ended: Promise<void>; go(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { ended: db.transaction(() => promise), go: resolve };
}

describe('transaction()', () => {
  test('rolls back and throws what the work threw', async () => {
    await using db = await openNotes();
    const reason = new Error('no');
    await assert.rejects(
      db.transaction(async (trx, emit) => {
        await trx.insertInto('authors').values({ name: 'x' }).execute();
        await emit({ type: 'user.created', user: 'x', actor: 'system' });
        throw reason;
      }),
      reason,
    );
    assert.deepEqual(await names(db), []);
    assert.equal(await db.events.head(), 0);
    await db.transaction((trx) => trx.insertInto('authors').values({ name: 'y' }).execute());
    assert.deepEqual(await names(db), ['y']);
  });

  test('names a conflict, a broken foreign key and a broken check', async () => {
    await using db = await openNotes();
    await db.transaction((trx) => trx.insertInto('authors').values({ id: 1, name: 'x' }).execute());
    for (const row of [{ name: 'x' }, { id: 1, name: 'y' }]) {
      await assert.rejects(
        db.transaction((trx) => trx.insertInto('authors').values(row).execute()),
        { code: 'DB_CONFLICT' },
      );
    }
    for (const row of [
      { author: 99, text: 'x', size: 1 },
      { author: 1, text: 'x', size: -1 },
      { author: 1, text: 'x', size: 'large' as never },
    ]) {
      await assert.rejects(
        db.transaction((trx) => trx.insertInto('notes').values(row).execute()),
        { code: 'DB_CONSTRAINT' },
      );
    }
    assert.deepEqual(await db.read.selectFrom('notes').selectAll().execute(), []);
  });

  test('goes on after a conflict that the work caught', async () => {
    await using db = await openNotes();
    await db.transaction(async (trx) => {
      await trx.insertInto('authors').values({ name: 'x' }).execute();
      await assert.rejects(trx.insertInto('authors').values({ name: 'x' }).execute(), {
        code: 'DB_CONFLICT',
      });
      await trx.insertInto('authors').values({ name: 'y' }).execute();
    });
    assert.deepEqual(await names(db), ['x', 'y']);
  });

  test('runs one at a time, in the order of the calls', async () => {
    await using db = await openNotes();
    const inside: string[] = [];
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        db.transaction(async (trx) => {
          inside.push(`in ${index}`);
          await trx
            .insertInto('authors')
            .values({ name: `author-${index}` })
            .execute();
          await nextTurn();
          inside.push(`out ${index}`);
        }),
      ),
    );
    assert.deepEqual(
      await names(db),
      Array.from({ length: 50 }, (_, index) => `author-${index}`),
    );
    assert.deepEqual(
      inside,
      Array.from({ length: 50 }, (_, index) => [`in ${index}`, `out ${index}`]).flat(),
    );
  });

  test('gives up its place when aborted while waiting, and the others keep theirs', async () => {
    await using db = await openNotes();
    const first = hold(db);
    const controller = new AbortController();
    const insert = (name: string, signal?: AbortSignal): Promise<unknown> =>
      db.transaction((trx) => trx.insertInto('authors').values({ name }).execute(), signal ? { signal } : {});
    const before = insert('before');
    const aborted = assert.rejects(insert('aborted', controller.signal), { message: 'left' });
    const after = insert('after');
    controller.abort(new Error('left'));
    await aborted;
    await assert.rejects(insert('too late', controller.signal), { message: 'left' });
    first.go();
    await Promise.all([first.ended, before, after]);
    assert.deepEqual(await names(db), ['before', 'after']);
  });

  test('rolls back when aborted while it runs', async () => {
    await using db = await openNotes();
    const controller = new AbortController();
    await assert.rejects(
      db.transaction(
        async (trx) => {
          await trx.insertInto('authors').values({ name: 'x' }).execute();
          controller.abort(new Error('left'));
        },
        { signal: controller.signal },
      ),
      { message: 'left' },
    );
    assert.deepEqual(await names(db), []);
  });

  test('that runs is waited for when the database is closed; those that wait are refused', async () => {
    const db = await openNotes();
    const first = hold(db);
    const waiting = assert.rejects(
      db.transaction(async () => {}),
      { code: 'DB_CLOSED' },
    );
    const closed = db[Symbol.asyncDispose]();
    await waiting;
    first.go();
    await first.ended;
    await closed;
  });

  test('cannot be used after its end', async () => {
    await using db = await openNotes();
    const kept = await db.transaction(async (trx) => trx);
    await assert.rejects(kept.selectFrom('authors').selectAll().execute());
  });

  test('tells of its steps in order', async () => {
    const steps: string[] = [];
    await using db = await openNotes({ onStep: (step) => steps.push(step) });
    steps.length = 0;
    await db.transaction((trx) => sql`SELECT 1`.execute(trx));
    assert.deepEqual(steps, DATABASE_STEPS);
  });
});
