import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { digestBytes } from '@berth/oci';
import { openUploadJournal } from './upload-journal.ts';

const key = { registry: 'localhost:5000', repository: 'team/app', digest: digestBytes('blob') };
const address = new URL('http://localhost:5000/v2/team/app/blobs/uploads/1');

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'berth-journal-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Changes what stands in the one entry. */
async function edit(path: string, change: object): Promise<void> {
  const [name] = await readdir(path);
  const file = join(path, name ?? '');
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...change }));
}

test('an upload belongs to its process until that lets go of it or is gone', async (t) => {
  const path = await folder(t);
  const journal = openUploadJournal(path);
  assert.equal(await journal.find(key), undefined);
  await journal.record(key, address);
  assert.equal(await journal.find(key), undefined, 'this process is on it');
  await journal.release(key);
  assert.equal((await journal.find(key))?.href, address.href);
  await journal.record(key, address);
  // A number that no process can have stands for one that was killed.
  await edit(path, { ownerPid: 999_999_999 });
  assert.equal((await journal.find(key))?.href, address.href);
  assert.equal(await journal.find({ ...key, repository: 'team/other' }), undefined);
  await journal.remove(key);
  await journal.remove(key);
  assert.deepEqual(await readdir(path), []);
});

test('only the user may read the address, for who has it may write', async (t) => {
  const path = await folder(t);
  await openUploadJournal(path).record(key, address);
  const [name] = await readdir(path);
  assert.equal((await stat(join(path, name ?? ''))).mode & 0o777, 0o600);
});

test('what is too old, damaged or of another blob is not used', async (t) => {
  for (const change of [
    { startedAt: Date.now() - 8 * 86_400_000 },
    { location: 'no address' },
    { digest: digestBytes('x') },
    { ownerPid: 'me' },
  ]) {
    const path = await folder(t);
    const journal = openUploadJournal(path);
    await journal.record(key, address);
    await edit(path, { ownerPid: 0, ...change });
    assert.equal(await journal.find(key), undefined);
  }
});
