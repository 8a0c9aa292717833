/**
 * A database on a file system that becomes full: says "ready", and at each line what became of some transactions. Started by
 * full-btrfs.test.ts.
 */
import { createInterface } from 'node:readline';
import { openDatabase } from '@berth/db';
import { hasCode } from '@berth/errors';

interface Tables {
  readonly notes: { readonly text: string };
}

const [url = '', mode] = process.argv.slice(2);
await using db = await openDatabase<Tables>({
  url,
  isExclusive: mode === 'exclusive',
  migrations: [
    {
      version: 1,
      name: 'notes',
      up: (trx) => trx.schema.createTable('notes').addColumn('text', 'text').execute(),
    },
  ],
});

async function write(): Promise<string> {
  try {
    await db.transaction((trx) =>
      trx
        .insertInto('notes')
        .values({ text: 'x'.repeat(3000) })
        .execute(),
    );
    return 'written';
  } catch (error) {
    return hasCode(error) ? error.code : String(error);
  }
}

console.log('ready');
for await (const _ of createInterface({ input: process.stdin })) {
  const outcomes = new Set<string>();
  for (let index = 0; index < 300; index++) outcomes.add(await write());
  const rows = await db.read.selectFrom('notes').select('text').execute();
  console.log(
    JSON.stringify({ outcomes: [...outcomes], rows: rows.length, damage: await db.integrityCheck() }),
  );
}
