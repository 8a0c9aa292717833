import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Database, openDatabase } from '@berth/db';
import type { EventLog } from '@berth/events';
import { MIGRATIONS } from '../migrations.ts';
import type { Tables } from '../schema.ts';
import { createMemoryRegistry } from '../testing/memory-registry.ts';
import { RegistryFollower } from './registry-follower.ts';

async function openFile(t: TestContext): Promise<() => Promise<Database<Tables>>> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-index-'));
  t.after(() => rm(folder, { recursive: true }));
  return () => openDatabase<Tables>({ url: `sqlite:${join(folder, 'index.db')}`, migrations: MIGRATIONS });
}

function start(
  database: Database<Tables>,
  events: EventLog,
  faults: unknown[] = [],
): Promise<RegistryFollower> {
  return RegistryFollower.start({
    ...{ database, events },
    defaultPrivacy: 'public',
    onFault: (error) => faults.push(error),
  });
}

async function names(database: Database<Tables>): Promise<string[]> {
  const rows = await database.read.selectFrom('repositories').select('name').orderBy('name').execute();
  return rows.map(({ name }) => name);
}

test('what the registry told while the Index was down is taken in at its start, once', async (t) => {
  const open = await openFile(t);
  const registry = createMemoryRegistry();
  for (let count = 100; count < 350; count += 1) await registry.push(`alice/app${count}`, 'latest');
  for (let start_ = 0; start_ < 2; start_ += 1) {
    await using database = await open();
    await using _ = await start(database, registry.events);
    assert.equal((await names(database)).length, 250);
  }
});

test('two followers of one database take everything in once', async (t) => {
  const open = await openFile(t);
  const registry = createMemoryRegistry();
  await using database = await open();
  await using other = await open();
  await using one = await start(database, registry.events);
  await using two = await start(other, registry.events);
  for (let count = 0; count < 20; count += 1) {
    await registry.push(`alice/app${count}`, 'latest');
    await Promise.all([one.catchUp(), two.catchUp()]);
  }
  assert.equal((await names(database)).length, 20);
});

test('a follower hears by itself, and stops', async (t) => {
  const open = await openFile(t);
  const registry = createMemoryRegistry();
  await using database = await open();
  {
    await using _ = await start(database, registry.events);
    await registry.push('alice/app', 'latest');
    while ((await names(database)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await registry.push('alice/later', 'latest');
  assert.deepEqual(await names(database), ['app']);
});

test('a registry that begins anew is read from its beginning; repositories keep their description', async (t) => {
  const open = await openFile(t);
  await using database = await open();
  const old = createMemoryRegistry();
  for (const name of ['a1', 'a2', 'a3']) await old.push(`alice/${name}`, 'latest');
  {
    await using _ = await start(database, old.events);
  }
  await database.transaction((trx) => trx.updateTable('repositories').set({ description: 'kept' }).execute());
  const fresh = createMemoryRegistry();
  await fresh.push('alice/a1', 'latest');
  await using _ = await start(database, fresh.events);
  const row = await database.read
    .selectFrom('repositories')
    .selectAll()
    .where('name', '=', 'a1')
    .executeTakeFirst();
  assert.deepEqual([row?.registry_id, row?.description], ['registry-1', 'kept']);
});

test('a log that cannot be read is tried again, and those who wait are told', async (t) => {
  const open = await openFile(t);
  await using database = await open();
  const registry = createMemoryRegistry();
  const faults: unknown[] = [];
  let isBroken = false;
  const events: EventLog = {
    head: () => registry.events.head(),
    follow: (options) => registry.events.follow(options),
    read: async (options) => {
      if (isBroken) throw new Error('the disk is away');
      return registry.events.read(options);
    },
  };
  await using follower = await start(database, events, faults);
  isBroken = true;
  await registry.push('alice/app', 'latest');
  await assert.rejects(follower.catchUp(), /the disk is away/);
  isBroken = false;
  await follower.catchUp();
  assert.deepEqual(await names(database), ['app']);
});
