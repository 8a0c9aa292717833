import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ApiEvent } from '../api/types.ts';
import { openEngineDatabase } from '../database/open.ts';
import { openEvents } from './engine-events.ts';
import { EVENTS_KEPT } from './event-log.ts';

async function fixture(t: TestContext, clock?: () => number) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-events-'));
  const database = await openEngineDatabase(join(folder, 'engine.db'));
  t.after(async () => {
    await database[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  const onFault = (error: unknown) => assert.fail(String(error));
  const open = () => openEvents({ database, onFault, ...(clock === undefined ? {} : { clock }) });
  return { database, open };
}

function told(name: string): Pick<ApiEvent, 'Type' | 'Action' | 'Actor'> {
  return { Type: 'container', Action: 'start', Actor: { ID: name, Attributes: { name } } };
}

async function take(events: AsyncIterable<ApiEvent>, count = Number.POSITIVE_INFINITY): Promise<string[]> {
  const ids: string[] = [];
  for await (const { Actor } of events) {
    ids.push(Actor.ID);
    if (ids.length === count) break;
  }
  return ids;
}

const past = () => new Date(Date.now() + 1000);

test('follow() gives what happens after the call, in order, and ends by its signal', async (t) => {
  const { open } = await fixture(t);
  await using events = await open();
  events.emit(told('before'));
  const abort = new AbortController();
  const following = events.follow({ signal: abort.signal });
  for (const name of ['a', 'b', 'c']) events.emit(told(name));
  assert.deepEqual(await take(following, 3), ['a', 'b', 'c']);
  const none = take(events.follow({ signal: abort.signal }));
  abort.abort();
  assert.deepEqual(await none, []);
});

test('follow() with `since` and `until` gives what was, from the log too, and then ends', async (t) => {
  const { open } = await fixture(t);
  const names = Array.from({ length: 700 }, (_, at) => String(at));
  {
    await using events = await open();
    for (const name of names) events.emit(told(name));
    assert.deepEqual(await take(events.follow({ since: new Date(0), until: past() })), names);
  }
  await using events = await open();
  events.emit(told('700'));
  assert.deepEqual(await take(events.follow({ since: new Date(0), until: past() })), [...names, '700']);
});

test('follow() with `since` goes on with what happens, without a gap and without a double', async (t) => {
  const { open } = await fixture(t);
  await using events = await open();
  for (let at = 0; at < 300; at++) events.emit(told(String(at)));
  const reading = take(events.follow({ since: new Date(0) }), 600);
  for (let at = 300; at < 600; at++) {
    events.emit(told(String(at)));
    if (at % 50 === 0) await new Promise(setImmediate);
  }
  assert.deepEqual(
    await reading,
    Array.from({ length: 600 }, (_, at) => String(at)),
  );
});

test('a slow reader loses nothing, whatever happens meanwhile', async (t) => {
  const { open } = await fixture(t);
  await using events = await open();
  const iterator = events.follow({})[Symbol.asyncIterator]();
  events.emit(told('0'));
  assert.equal((await iterator.next()).value?.Actor.ID, '0');
  for (let at = 1; at <= 1000; at++) events.emit(told(String(at)));
  for (let at = 1; at <= 1000; at++) assert.equal((await iterator.next()).value?.Actor.ID, String(at));
  await iterator.return?.(undefined);
});

test('`since` chooses by time, and times never go back although the clock does', async (t) => {
  let now = 1_000_000;
  const { open } = await fixture(t, () => now);
  await using events = await open();
  events.emit(told('a'));
  now += 5000;
  events.emit(told('b'));
  now -= 4000;
  events.emit(told('c'));
  const since = new Date(1_004_000);
  const until = new Date(2_000_000);
  now = 3_000_000;
  assert.deepEqual(await take(events.follow({ since, until })), ['b', 'c']);
});

test('the log keeps a bounded number of events', async (t) => {
  const { open, database } = await fixture(t);
  {
    await using events = await open();
    for (let at = 0; at < EVENTS_KEPT + 1500; at++) {
      events.emit(told(String(at)));
      if (at % 500 === 0) await new Promise(setImmediate);
    }
  }
  await using events = await open();
  events.emit(told('last'));
  await take(events.follow({ since: new Date(0), until: past() }));
  const { count } = await database.read
    .selectFrom('events')
    .select((row) => row.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  assert.ok(count <= EVENTS_KEPT + 1, `${count} events`);
});
