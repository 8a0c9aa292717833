/**
 * Writes notes until it is killed or has written as many as asked; prints each number after it was committed.
 * Started by processes.test.ts.
 */
import { writeSync } from 'node:fs';
import { openNotes } from './notes.fixture.ts';

const [url = '', author = '', count = '0', fatalStep = '', fatalCall = '0', exclusive] =
  process.argv.slice(2);

let calls = 0;
const db = await openNotes({
  url,
  isExclusive: exclusive === 'exclusive',
  onStep(step) {
    if (!isReady || step !== fatalStep) return;
    calls += 1;
    if (calls === Number(fatalCall)) process.kill(process.pid, 'SIGKILL');
  },
});
const isReady = true;
for (let size = 1; size <= Number(count); size += 1) {
  await db.transaction(async (trx, emit) => {
    for (const part of ['first half', 'second half']) {
      await trx
        .insertInto('notes')
        .values({ author: Number(author), text: part, size })
        .execute();
    }
    await emit({ type: 'user.created', user: `${author}-${size}`, actor: 'system' });
  });
  writeSync(1, `${size}\n`);
}
await db[Symbol.asyncDispose]();
