import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventLogSuite } from '@berth/events/testsuite';
import { openNotes, temporaryFolder } from './notes.fixture.ts';

eventLogSuite('the outbox of a database', async () => {
  let now = Date.now();
  const db = await openNotes({ clock: () => now });
  return {
    log: db.events,
    append: (...events) => db.transaction((_, emit) => emit(...events)),
    setClock(timeMs) {
      now = timeMs;
    },
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
});

const event = { type: 'user.created', user: 'x', actor: 'system' } as const;

describe('the outbox of a database', () => {
  test('keeps events, numbers and the clock over a restart with an earlier clock', async (context) => {
    const url = `sqlite:${join(await temporaryFolder(context), 'notes.db')}`;
    {
      await using db = await openNotes({ url, clock: () => 2_000_000_000_000 });
      await db.transaction((_, emit) => emit(event, event));
      assert.equal(db.now().getTime(), 2_000_000_000_000);
    }
    await using db = await openNotes({ url, clock: () => 1_000_000_000_000 });
    assert.equal(db.now().getTime(), 2_000_000_000_000);
    await db.transaction((_, emit) => emit(event));
    const records = await db.events.read({ after: 0 });
    assert.deepEqual(
      records.map((record) => [record.seq, record.at.getTime()]),
      [1, 2, 3].map((seq) => [seq, 2_000_000_000_000]),
    );
  });

  test('tells followers of what another connection has written', { timeout: 20_000 }, async (context) => {
    const url = `sqlite:${join(await temporaryFolder(context), 'notes.db')}`;
    await using db = await openNotes({ url, clock: () => 1000 });
    await using other = await openNotes({ url, clock: () => 5000 });
    const following = (async () => {
      for await (const record of db.events.follow({ after: 0 })) return record;
      return undefined;
    })();
    // The follower waits on a timer that does not hold the process.
    const alive = setInterval(() => {}, 1000);
    context.after(() => clearInterval(alive));
    await other.transaction((_, emit) => emit(event));
    assert.deepEqual((await following)?.event, event);
    assert.equal(db.now().getTime(), 5000);
    await db.transaction((_, emit) => emit(event));
    assert.equal((await db.events.read({ after: 1 }))[0]?.at.getTime(), 5000);
  });
});
