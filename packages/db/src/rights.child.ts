/** Opens a database as root, gives up root, and works on. Started by rights.test.ts. */
import { openNotes } from './notes.fixture.ts';

const [path = '', uid = ''] = process.argv.slice(2);
const db = await openNotes({ url: `sqlite:${path}` });
process.setgroups?.([]);
process.setgid?.(Number(uid));
process.setuid?.(Number(uid));
for (let turn = 0; turn < 60; turn += 1) {
  const text = 'x'.repeat(100_000);
  await db.transaction((trx) => trx.insertInto('notes').values({ author: null, text, size: turn }).execute());
}
const problems = await db.integrityCheck();
const notes = await db.read.selectFrom('notes').select('size').execute();
await db[Symbol.asyncDispose]();
console.log(JSON.stringify({ problems, notes: notes.length, uid: process.getuid?.() }));
