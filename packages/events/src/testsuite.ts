/** What every event log must do. `create` gives an empty log, a way to append, and a way to dispose of both. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BerthEvent, EventRecord } from './events.ts';
import type { EventLog } from './interface.ts';

export interface EventLogUnderTest extends AsyncDisposable {
  readonly log: EventLog;
  append(...events: readonly BerthEvent[]): Promise<void>;
  /** Sets the clock that `append` uses. Logs whose clock cannot be set leave it out. */
  setClock?(timeMs: number): void;
}

function event(number: number): BerthEvent {
  return { type: 'user.created', user: `user-${number}`, actor: 'system' };
}

function users(records: readonly EventRecord[]): readonly string[] {
  return records.map((record) => (record.event.type === 'user.created' ? record.event.user : '?'));
}

export function eventLogSuite(name: string, create: () => Promise<EventLogUnderTest>): void {
  describe(`${name} as an event log`, () => {
    test('read() gives nothing and head() gives 0 while nothing has happened', async () => {
      await using given = await create();
      assert.deepEqual(await given.log.read({ after: 0 }), []);
      assert.equal(await given.log.head(), 0);
    });

    test('read() gives events in order, whole, with growing seq', async () => {
      await using given = await create();
      await given.append(event(1), event(2));
      await given.append(event(3));
      const records = await given.log.read({ after: 0 });
      assert.deepEqual(
        records.map((record) => record.event),
        [event(1), event(2), event(3)],
      );
      for (const [place, record] of records.entries()) {
        assert.ok(record.at instanceof Date);
        assert.ok(record.seq > (records[place - 1]?.seq ?? 0));
        assert.ok(record.at >= (records[place - 1]?.at ?? record.at));
      }
      assert.equal(await given.log.head(), records.at(-1)?.seq);
    });

    test('read() goes on after a cursor and stops at the limit', async () => {
      await using given = await create();
      await given.append(...[1, 2, 3, 4, 5].map(event));
      const first = await given.log.read({ after: 0, limit: 2 });
      assert.deepEqual(users(first), ['user-1', 'user-2']);
      const rest = await given.log.read({ after: first.at(-1)?.seq ?? 0, limit: 10 });
      assert.deepEqual(users(rest), ['user-3', 'user-4', 'user-5']);
      assert.deepEqual(await given.log.read({ after: await given.log.head() }), []);
    });

    test('read() gives at most 100 when not asked', async () => {
      await using given = await create();
      await given.append(...Array.from({ length: 130 }, (_, index) => event(index)));
      assert.equal((await given.log.read({ after: 0 })).length, 100);
    });

    test('follow() gives what is there, then what comes, to every follower', {
      timeout: 20_000,
    }, async () => {
      await using given = await create();
      await given.append(event(1), event(2));
      async function take(after: number, count: number): Promise<readonly string[]> {
        const seen: EventRecord[] = [];
        for await (const record of given.log.follow({ after })) {
          seen.push(record);
          if (seen.length === count) break;
        }
        return users(seen);
      }
      const first = (await given.log.read({ after: 0, limit: 1 })).at(0)?.seq ?? 0;
      const all = take(0, 4);
      const later = take(first, 3);
      await given.append(event(3));
      await given.append(event(4));
      assert.deepEqual(await all, ['user-1', 'user-2', 'user-3', 'user-4']);
      assert.deepEqual(await later, ['user-2', 'user-3', 'user-4']);
    });

    test('follow() gives more than one page in order, without a gap', { timeout: 20_000 }, async () => {
      await using given = await create();
      const seen: string[] = [];
      const reading = (async () => {
        for await (const record of given.log.follow({ after: 0 })) {
          seen.push(...users([record]));
          if (seen.length === 250) return;
        }
      })();
      for (let batch = 0; batch < 5; batch += 1) {
        await given.append(...Array.from({ length: 50 }, (_, index) => event(batch * 50 + index)));
      }
      await reading;
      assert.deepEqual(
        seen,
        Array.from({ length: 250 }, (_, index) => `user-${index}`),
      );
    });

    test('follow() ends without an error when aborted, also while waiting', { timeout: 20_000 }, async () => {
      await using given = await create();
      await given.append(event(1));
      const controller = new AbortController();
      let seen = 0;
      for await (const _ of given.log.follow({ after: 0, signal: controller.signal })) {
        seen += 1;
        setImmediate(() => controller.abort());
      }
      assert.equal(seen, 1);
      for await (const _ of given.log.follow({ after: 0, signal: controller.signal })) assert.fail();
    });

    test('follow() ends without an error when the log is closed', { timeout: 20_000 }, async () => {
      const given = await create();
      const following = (async () => {
        for await (const _ of given.log.follow({ after: 0 })) assert.fail();
      })();
      await given.append();
      await given[Symbol.asyncDispose]();
      await following;
    });

    test('the time of a record is never earlier than the one before', async (context) => {
      await using given = await create();
      if (given.setClock === undefined) return context.skip('the clock of this log cannot be set');
      given.setClock(2_000_000_000_000);
      await given.append(event(1));
      given.setClock(1_000_000_000_000);
      await given.append(event(2));
      const [first, second] = await given.log.read({ after: 0 });
      assert.equal(first?.at.getTime(), 2_000_000_000_000);
      assert.equal(second?.at.getTime(), 2_000_000_000_000);
    });
  });
}
