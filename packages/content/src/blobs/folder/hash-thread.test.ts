import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { hasCode } from '@berth/errors';
import { type DigestAlgorithm, digestBytes } from '@berth/oci';
import { HashThread } from './hash-thread.ts';
import { openFolderBlobStore } from './store.ts';

const MIB = 1024 * 1024;

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-hash-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_000) yield bytes.subarray(at, at + 65_000);
}

test('follow() hashes a file while it grows, files side by side', async (t) => {
  const folder = await makeFolder(t);
  await using thread = await HashThread.open();
  const bytes = randomBytes(3 * MIB);
  const paths = [join(folder, 'a'), join(folder, 'b')];
  const followed = paths.map((path) => thread.follow(path));
  for (let at = 0; at < bytes.length; at += MIB) {
    for (const [index, path] of paths.entries()) {
      await appendFile(path, bytes.subarray(at, at + MIB));
      followed[index]?.follow(at + MIB);
    }
  }
  for (const each of followed) {
    assert.equal(await each.digest(bytes.length), digestBytes(bytes));
    assert.equal(await each.digest(bytes.length), digestBytes(bytes), 'a second time');
  }
});

test('digest() is undefined when the bytes cannot be hashed', async (t) => {
  const folder = await makeFolder(t);
  const thread = await HashThread.open();
  const path = join(folder, 'short');
  await writeFile(path, 'abc');
  assert.equal(await thread.follow(path).digest(4), undefined);
  assert.equal(await thread.follow(join(folder, 'none')).digest(1), undefined);
  const closed = thread.follow(path);
  closed[Symbol.dispose]();
  assert.equal(await closed.digest(3), undefined);
  const whole = thread.follow(path);
  assert.equal(await whole.digest(3), digestBytes(Buffer.from('abc')));
  await thread[Symbol.asyncDispose]();
  await thread[Symbol.asyncDispose]();
  assert.equal(await whole.digest(3), undefined);
});

test('a large blob has the digest of its bytes, whole, in parts and over a restart, with each algorithm', async (t) => {
  const path = await makeFolder(t);
  const bytes = randomBytes(9 * MIB + 5);
  for (const algorithm of ['sha256', 'sha512'] satisfies DigestAlgorithm[]) {
    for (const cut of [bytes.length, 3 * MIB, 6 * MIB]) {
      await using before = await openFolderBlobStore({ path });
      const first = await before.startIngest('x');
      await first.write(chunks(bytes.subarray(0, cut)));
      await first[Symbol.asyncDispose]();
      const parked = await before.resumeIngest('x');
      if (cut === 3 * MIB) await parked.write(chunks(bytes.subarray(cut, 5 * MIB)));
      const { offset } = parked;
      await before[Symbol.asyncDispose]();

      await using after = await openFolderBlobStore({ path });
      const second = await after.resumeIngest('x');
      assert.equal(second.offset, offset);
      await second.write(chunks(bytes.subarray(offset)));
      assert.equal((await second.commit({ algorithm })).digest, digestBytes(bytes, algorithm));
    }
  }
});

test('a large blob with another digest is refused and forgotten', async (t) => {
  await using store = await openFolderBlobStore({ path: await makeFolder(t) });
  const bytes = randomBytes(6 * MIB);
  const ingest = await store.startIngest('x');
  await ingest.write(chunks(bytes));
  bytes[5 * MIB] = (bytes[5 * MIB] ?? 0) ^ 1;
  await assert.rejects(
    ingest.commit({ digest: digestBytes(bytes) }),
    (error) => hasCode(error) && error.code === 'DIGEST_MISMATCH',
  );
  await assert.rejects(store.resumeIngest('x'), (error) => hasCode(error) && error.code === 'INGEST_UNKNOWN');
});

test('a store whose hash thread has ended hashes by itself', async (t) => {
  const store = await openFolderBlobStore({ path: await makeFolder(t) });
  const bytes = randomBytes(6 * MIB);
  const ingest = await store.startIngest('x');
  await ingest.write(chunks(bytes));
  // Closes the thread; the ingest that is open is closed with it, and goes on in the same store.
  await store[Symbol.asyncDispose]();
  const again = await store.resumeIngest('x');
  assert.equal((await again.commit()).digest, digestBytes(bytes));
});
