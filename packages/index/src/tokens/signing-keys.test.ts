import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock, type TestContext, test } from 'node:test';
import { type Database, openDatabase } from '@berth/db';
import { MIGRATIONS } from '../migrations.ts';
import type { Tables } from '../schema.ts';
import { SigningKeys } from './signing-keys.ts';

const DAY_MS = 86_400_000;

async function openFile(t: TestContext): Promise<() => Promise<Database<Tables>>> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-index-'));
  t.after(() => rm(folder, { recursive: true }));
  return () => openDatabase<Tables>({ url: `sqlite:${join(folder, 'index.db')}`, migrations: MIGRATIONS });
}

function travel(t: TestContext, days: number): void {
  mock.timers.enable({ apis: ['Date'], now: Date.now() + days * DAY_MS });
  t.after(() => mock.timers.reset());
}

test('the key outlives a restart, and another process knows it', async (t) => {
  const open = await openFile(t);
  await using database = await open();
  const keys = await SigningKeys.open(database);
  const { kid } = await keys.current();
  await using other = await open();
  const others = await SigningKeys.open(other);
  assert.equal((await others.current()).kid, kid);
  assert.deepEqual(others.publicSet(), keys.publicSet());
  assert.equal((await keys.key(kid))?.type, 'public');
  assert.equal(await keys.key('no such key'), undefined);
});

test('after 90 days a new key signs; the old one is trusted a day longer', async (t) => {
  await using database = await (await openFile(t))();
  const keys = await SigningKeys.open(database);
  const old = await keys.current();
  travel(t, 90.1);
  const [one, two] = await Promise.all([keys.current(), keys.current()]);
  assert.notEqual(one.kid, old.kid);
  assert.equal(one.kid, two.kid);
  assert.notEqual(await keys.key(old.kid), undefined);
  assert.deepEqual(
    keys.publicSet().keys.map(({ kid }) => kid),
    [one.kid, old.kid],
  );
  mock.timers.reset();
  travel(t, 91.1);
  assert.equal(await keys.key(old.kid), undefined);
  assert.deepEqual(
    keys.publicSet().keys.map(({ kid }) => kid),
    [one.kid],
  );
});

test('a key made by another process is found when a token names it', async (t) => {
  const open = await openFile(t);
  await using database = await open();
  const keys = await SigningKeys.open(database);
  await using other = await open();
  const others = await SigningKeys.open(other);
  travel(t, 90.1);
  const { kid } = await others.current();
  assert.equal((await keys.key(kid))?.type, 'public');
});

test('a clock that was set back makes no new key and trusts the ones there are', async (t) => {
  await using database = await (await openFile(t))();
  const keys = await SigningKeys.open(database);
  const { kid } = await keys.current();
  travel(t, -400);
  assert.equal((await keys.current()).kid, kid);
  assert.equal((await keys.key(kid))?.type, 'public');
});
