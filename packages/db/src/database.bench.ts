/**
 * What a read and a transaction cost.
 *
 *     node packages/db/src/database.bench.ts [folder]
 *
 * Prints one JSON object; times are microseconds per call, best of several runs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Param } from './index.ts';
import { openNotes } from './notes.fixture.ts';

const RUNS = 5;

async function best(calls: number, work: (call: number) => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run += 1) {
    const start = performance.now();
    for (let call = 0; call < calls; call += 1) await work(run * calls + call);
    best = Math.min(best, ((performance.now() - start) * 1000) / calls);
  }
  return Math.round(best * 10) / 10;
}

const folder = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'berth-bench-'));
try {
  const rssBefore = process.memoryUsage().rss;
  await using db = await openNotes({ url: `sqlite:${join(folder, 'notes.db')}` });
  const openedMiB = Math.round((process.memoryUsage().rss - rssBefore) / 1024 / 1024);
  await db.transaction(async (trx) => {
    for (let index = 0; index < 10_000; index += 1) {
      await trx
        .insertInto('authors')
        .values({ name: `author-${index}` })
        .execute();
    }
  });
  const idOf = db.prepare((query, param: Param<{ name: string }>) =>
    query.selectFrom('authors').select('id').where('name', '=', param('name')),
  );
  const figures = {
    preparedRead: await best(20_000, (call) => idOf({ name: `author-${call % 10_000}` })),
    builtRead: await best(5000, (call) =>
      db.read
        .selectFrom('authors')
        .select('id')
        .where('name', '=', `author-${call % 10_000}`)
        .execute(),
    ),
    emptyTransaction: await best(500, () => db.transaction(async () => {})),
    insertTransaction: await best(300, (call) =>
      db.transaction((trx) =>
        trx.insertInto('notes').values({ author: null, text: 'x', size: call }).execute(),
      ),
    ),
    openedMiB,
  };
  console.log(JSON.stringify(figures, null, 2));
} finally {
  await rm(folder, { recursive: true, force: true });
}
