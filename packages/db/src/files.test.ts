import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { open, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { openNotes, temporaryFolder } from './notes.fixture.ts';

const run = promisify(execFile);

describe('openDatabase()', () => {
  test('refuses a URL that it does not understand, and says what one looks like', async () => {
    for (const url of ['', 'sqlite:', 'sqlite:relative.db', 'postgres://u:secret@host/db', '/plain/path']) {
      await assert.rejects(openNotes({ url }), (error: Error & { code: string; hint: string }) => {
        assert.equal(error.code, 'DB_URL_INVALID');
        assert.doesNotMatch(error.message, /secret/);
        assert.match(error.hint, /sqlite:\/var/);
        return true;
      });
    }
  });

  test('makes its files for the owner alone', async (context) => {
    const folder = await temporaryFolder(context);
    await using db = await openNotes({ url: `sqlite:${folder}/notes.db` });
    await db.transaction((trx) => trx.insertInto('authors').values({ name: 'x' }).execute());
    assert.deepEqual((await readdir(folder)).sort(), ['notes.db', 'notes.db-shm', 'notes.db-wal']);
    for (const name of await readdir(folder)) {
      assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600, name);
    }
  });

  test('leaves one file behind when it is closed', async (context) => {
    const folder = await temporaryFolder(context);
    const db = await openNotes({ url: `sqlite:${folder}/notes.db` });
    await db.transaction((trx) => trx.insertInto('authors').values({ name: 'x' }).execute());
    await db[Symbol.asyncDispose]();
    assert.deepEqual(await readdir(folder), ['notes.db']);
  });

  test('isExclusive keeps other processes out, and makes no file that is mapped', async (context) => {
    const folder = await temporaryFolder(context);
    const path = `${folder}/a name? of 100%.db`;
    const count = `
      const database = new (require('node:sqlite').DatabaseSync)(process.argv[1]);
      console.log(database.prepare('SELECT name FROM authors').all().length);`;
    const other = () => run(process.execPath, ['-e', count, path]);
    {
      await using db = await openNotes({ url: `sqlite:${path}`, isExclusive: true });
      await db.transaction((trx) => trx.insertInto('authors').values({ name: 'x' }).execute());
      assert.equal((await db.read.selectFrom('authors').selectAll().execute()).length, 1);
      const files = ['', '-wal'].map((end) => `${basename(path)}${end}`);
      assert.deepEqual((await readdir(folder)).sort(), files);
      for (const name of files) assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600, name);
      await assert.rejects(other(), /database is locked/);
      const write = db.read.insertInto('authors').values({ name: 'z' });
      await assert.rejects(write.execute(), { code: 'DB_READ_ONLY' });
      await using again = await openNotes({ url: `sqlite:${path}`, isExclusive: true });
      await again.transaction((trx) => trx.insertInto('authors').values({ name: 'y' }).execute());
      assert.equal((await db.read.selectFrom('authors').selectAll().execute()).length, 2);
    }
    assert.deepEqual(await readdir(folder), [basename(path)]);
    assert.equal((await other()).stdout.trim(), '2');
  });

  test('gives a database in memory that nobody else sees, and leaves nothing', async () => {
    await using one = await openNotes();
    const other = await openNotes();
    await one.transaction((trx) => trx.insertInto('authors').values({ name: 'x' }).execute());
    assert.deepEqual(await other.read.selectFrom('authors').selectAll().execute(), []);
    const error: unknown = await sql`WRONG`.execute(other.read).catch((error: unknown) => error);
    const folder = /"(.*)\/memory\.db"/.exec(String(error))?.[1] ?? '';
    assert.ok((await stat(folder)).isDirectory());
    await other[Symbol.asyncDispose]();
    await assert.rejects(stat(folder), { code: 'ENOENT' });
  });

  test('says where the folder is missing', async (context) => {
    const folder = await temporaryFolder(context);
    await assert.rejects(openNotes({ url: `sqlite:${folder}/missing/notes.db` }), {
      code: 'DB_IO',
      message: /missing\/notes\.db/,
    });
  });

  test('refuses a file that is no database, and leaves it as it is', async (context) => {
    const path = join(await temporaryFolder(context), 'notes.db');
    await writeFile(path, 'a letter to my aunt, much longer than the header of a database'.repeat(100));
    const { size } = await stat(path);
    await assert.rejects(openNotes({ url: `sqlite:${path}` }), { code: 'DB_CORRUPT' });
    assert.equal((await stat(path)).size, size);
  });

  test('integrityCheck() finds damage and rows that refer to nothing', async (context) => {
    const path = join(await temporaryFolder(context), 'notes.db');
    {
      await using db = await openNotes({ url: `sqlite:${path}` });
      assert.deepEqual(await db.integrityCheck(), []);
      await db.transaction(async (trx) => {
        for (let index = 0; index < 300; index += 1) {
          await trx
            .insertInto('notes')
            .values({ author: null, text: 'x'.repeat(500), size: index })
            .execute();
        }
      });
      assert.deepEqual(await db.integrityCheck(), []);
    }
    const direct = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    direct.exec(`INSERT INTO notes (author, text, size) VALUES (99, 'orphan', 1)`);
    direct.close();
    {
      await using db = await openNotes({ url: `sqlite:${path}` });
      assert.deepEqual(await db.integrityCheck(), ['Row 301 of "notes" refers to no row of "authors"']);
    }
    const file = await open(path, 'r+');
    await file.write(Buffer.alloc(4096, 0xff), 0, 4096, 4096 * 12);
    await file.close();
    await using db = await openNotes({ url: `sqlite:${path}` });
    const problems = await db.integrityCheck().catch((error: Error & { code: string }) => [error.code]);
    assert.ok(problems.length > 0);
    assert.doesNotMatch(problems.join(), /^Row 301[^,]*$/);
  });

  test('a full disk gives DB_FULL, keeps nothing of the transaction, and goes on afterwards', async (context) => {
    if (process.getuid?.() !== 0) return context.skip('needs root: it mounts a small file system');
    const folder = await temporaryFolder(context);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'berth-test', folder]);
    try {
      await using db = await openNotes({ url: `sqlite:${folder}/notes.db` });
      await db.transaction((trx) => trx.insertInto('authors').values({ name: 'kept' }).execute());
      const text = 'x'.repeat(100_000);
      await assert.rejects(
        db.transaction(async (trx) => {
          for (let index = 0; index < 40; index += 1) {
            await trx.insertInto('notes').values({ author: null, text, size: index }).execute();
          }
        }),
        { code: 'DB_FULL' },
      );
      assert.deepEqual(await db.read.selectFrom('notes').select('size').execute(), []);
      await db.transaction((trx) => trx.insertInto('authors').values({ name: 'after' }).execute());
      assert.equal((await db.read.selectFrom('authors').select('name').execute()).length, 2);
      assert.deepEqual(await db.integrityCheck(), []);
    } finally {
      await run('umount', [folder]);
    }
  });
});
