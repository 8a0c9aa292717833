import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { DATABASE_STEPS } from './index.ts';
import { openNotes, temporaryFolder } from './notes.fixture.ts';

const CHILD = fileURLToPath(new URL('./processes.child.ts', import.meta.url));
const KILLS = process.env.BERTH_SOAK === '1' ? 60 : 4;

interface Ended {
  readonly code: number | null;
  /** The last note that the child was told is committed. */
  readonly acknowledged: number;
}

function start(...args: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (text) => {
    output += String(text);
  });
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    acknowledged: Number(output.trimEnd().split('\n').at(-1) ?? 0),
  }));
  return { child, ended };
}

async function makeDatabase(folder: string): Promise<string> {
  const url = `sqlite:${join(folder, 'notes.db')}`;
  await using db = await openNotes({ url });
  await db.transaction((trx) =>
    trx
      .insertInto('authors')
      .values([{ name: 'one' }, { name: 'two' }])
      .execute(),
  );
  return url;
}

/** Every note has both halves and its event; `acknowledged` are there, and at most one that nobody was told of. */
async function assertSound(url: string, acknowledged: number): Promise<void> {
  await using db = await openNotes({ url });
  assert.deepEqual(await db.integrityCheck(), []);
  const notes = await db.read.selectFrom('notes').select(['text', 'size']).orderBy('id').execute();
  const count = notes.length / 2;
  assert.ok(
    count === acknowledged || count === acknowledged + 1,
    `${count} notes, ${acknowledged} acknowledged`,
  );
  assert.deepEqual(
    notes.map((note) => `${note.size} ${note.text}`),
    Array.from({ length: count }, (_, index) => [
      `${index + 1} first half`,
      `${index + 1} second half`,
    ]).flat(),
  );
  assert.equal(await db.events.head(), count);
}

describe('a database of several processes', () => {
  for (const step of DATABASE_STEPS) {
    for (const mode of ['shared', 'exclusive']) {
      test(`has what was acknowledged, whole, after kill -9 at ${step} (${mode})`, async (context) => {
        const url = await makeDatabase(await temporaryFolder(context));
        const { acknowledged } = await start(url, '1', '100', step, '8', mode).ended;
        assert.equal(acknowledged, 7);
        await assertSound(url, acknowledged);
      });
    }
  }

  test(`has what was acknowledged, whole, after kill -9 at ${KILLS} random moments`, async (context) => {
    const url = await makeDatabase(await temporaryFolder(context));
    for (let kill = 0; kill < KILLS; kill += 1) {
      const { child, ended } = start(url, '1', '1000000');
      assert.ok(child.stdout);
      await once(child.stdout, 'data');
      const delayMs = Math.random() * 100;
      context.diagnostic(`killed after ${delayMs.toFixed(1)} ms`);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      child.kill('SIGKILL');
      const { acknowledged } = await ended;
      await assertSound(url, acknowledged);
      await using db = await openNotes({ url });
      await db.transaction(async (trx) => {
        await trx.deleteFrom('notes').execute();
        await sql`DELETE FROM berth_outbox`.execute(trx);
        await sql`DELETE FROM sqlite_sequence WHERE name = 'berth_outbox'`.execute(trx);
      });
    }
  });

  test('takes the writes of two processes while a third reads', { timeout: 60_000 }, async (context) => {
    const url = await makeDatabase(await temporaryFolder(context));
    const writers = [start(url, '1', '60'), start(url, '2', '60')];
    await using db = await openNotes({ url });
    const seen: string[] = [];
    for await (const { event } of db.events.follow({ after: 0 })) {
      if (event.type === 'user.created') seen.push(event.user);
      if (seen.length === 120) break;
    }
    for (const { ended } of writers) assert.deepEqual(await ended, { code: 0, acknowledged: 60 });
    const expected = [1, 2].flatMap((author) => Array.from({ length: 60 }, (_, i) => `${author}-${i + 1}`));
    assert.deepEqual([...seen].sort(), expected.sort());
    assert.deepEqual(await db.integrityCheck(), []);
  });

  test('gives DB_BUSY when another process holds the write lock for too long', {
    timeout: 60_000,
  }, async (context) => {
    const url = await makeDatabase(await temporaryFolder(context));
    await using holder = await openNotes({ url });
    await using waiter = await openNotes({ url, busyTimeoutMs: 100 });
    const isInside = Promise.withResolvers<void>();
    const isEnough = Promise.withResolvers<void>();
    const held = holder.transaction(() => {
      isInside.resolve();
      return isEnough.promise;
    });
    await isInside.promise;
    await assert.rejects(
      waiter.transaction((trx) => trx.insertInto('authors').values({ name: 'x' }).execute()),
      { code: 'DB_BUSY' },
    );
    isEnough.resolve();
    await held;
    await waiter.transaction((trx) => trx.insertInto('authors').values({ name: 'x' }).execute());
  });
});
