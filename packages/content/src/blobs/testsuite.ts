/**
 * What every blob store must do. `create` gives an empty store; a store that survives a crash also gives
 * `reopen`, which opens the same bytes again as after a crash: nothing of the old store is closed first.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Digest, digestBytes } from '@berth/oci';
import fc from 'fast-check';
import type { Leases } from '../leases/interface.ts';
import { createMemoryLeases } from '../leases/memory.ts';
import type { BlobStore, ByteRange } from './interface.ts';

export interface BlobStoreUnderTest extends AsyncDisposable {
  readonly store: BlobStore;
  reopen?(): Promise<BlobStore>;
}

const RUNS = process.env.BERTH_SOAK === '1' ? 400 : 25;
const MIB = 1024 * 1024;

async function* chunksOf(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function put(store: BlobStore, bytes: Uint8Array): Promise<Digest> {
  await using ingest = await store.startIngest(randomUUID());
  await ingest.write(chunksOf(bytes));
  return (await ingest.commit()).digest;
}

async function get(store: BlobStore, digest: Digest, range?: ByteRange): Promise<Buffer | undefined> {
  await using reader = await store.open(digest);
  if (reader === undefined) return undefined;
  const parts: Buffer[] = [];
  for await (const chunk of reader.stream(range === undefined ? {} : { range }))
    parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

/** Compares by digest: a failed comparison of megabytes would print them. */
function assertSameBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  assert.equal(actual?.length, expected.length);
  assert.equal(actual === undefined ? '' : digestBytes(actual), digestBytes(expected));
}

export function blobStoreSuite(
  name: string,
  create: (options: { readonly leases: Leases }) => Promise<BlobStoreUnderTest>,
  abilities: { readonly survivesCrash: boolean },
): void {
  const make = (leases = createMemoryLeases()): Promise<BlobStoreUnderTest> => create({ leases });

  describe(`${name} as a blob store`, () => {
    test('commit() makes the bytes readable under their digest', async () => {
      await using given = await make();
      const bytes = randomBytes(3 * MIB + 17);
      const digest = digestBytes(bytes);
      await using ingest = await given.store.startIngest('one');
      assert.equal(await ingest.write(chunksOf(bytes)), bytes.length);
      assert.equal(await given.store.stat(digest), undefined);
      assert.equal(await given.store.open(digest), undefined);
      assert.deepEqual(await ingest.commit({ digest, size: bytes.length }), { digest, size: bytes.length });
      assert.deepEqual(await given.store.stat(digest), { digest, size: bytes.length });
      assertSameBytes(await get(given.store, digest), bytes);
      assert.deepEqual(await all(given.store.listIngests()), []);
    });

    test('an empty blob is a blob', async () => {
      await using given = await make();
      const digest = await put(given.store, Buffer.alloc(0));
      assert.equal(digest, digestBytes(''));
      assert.deepEqual(await given.store.stat(digest), { digest, size: 0 });
      assertSameBytes(await get(given.store, digest), Buffer.alloc(0));
    });

    test('sha512 works: announced, asked for, and side by side with sha256', async () => {
      await using given = await make();
      const bytes = randomBytes(1000);
      const digest = digestBytes(bytes, 'sha512');
      await using announced = await given.store.startIngest('announced');
      await announced.write(chunksOf(bytes));
      assert.equal((await announced.commit({ digest })).digest, digest);
      await using asked = await given.store.startIngest('asked');
      await asked.write(chunksOf(bytes));
      assert.equal((await asked.commit({ algorithm: 'sha512' })).digest, digest);
      await put(given.store, bytes);
      assertSameBytes(await get(given.store, digest), bytes);
      const listed = (await all(given.store.list())).map((blob) => blob.digest);
      assert.deepEqual(listed.sort(), [digestBytes(bytes), digest].sort());
    });

    test('writes of any sizes, in any number of calls, give the same bytes (property)', async () => {
      await using given = await make();
      const sizes = fc.array(fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 6 }), {
        maxLength: 4,
      });
      await fc.assert(
        fc.asyncProperty(sizes, fc.boolean(), async (calls, isResumed) => {
          const hash = createHash('sha256');
          const id = randomUUID();
          let ingest = await given.store.startIngest(id);
          let size = 0;
          for (const call of calls) {
            const chunks = call.map((length) => randomBytes(length));
            for (const chunk of chunks) hash.update(chunk);
            size += call.reduce((sum, length) => sum + length, 0);
            assert.equal(
              await ingest.write(
                (async function* () {
                  yield* chunks;
                })(),
              ),
              size,
            );
            if (!isResumed) continue;
            await ingest[Symbol.asyncDispose]();
            ingest = await given.store.resumeIngest(id);
            assert.equal(ingest.offset, size);
          }
          const { digest } = await ingest.commit({ size });
          assert.equal(digest, `sha256:${hash.digest('hex')}`);
          assert.equal((await get(given.store, digest))?.length, size);
        }),
        { numRuns: RUNS },
      );
    });

    test('the memory of a chunk may be used again once the next is asked for', async () => {
      await using given = await make();
      const shared = Buffer.alloc(100_000);
      const expected = Buffer.concat([1, 2, 3, 4, 5].map((byte) => Buffer.alloc(100_000, byte)));
      await using ingest = await given.store.startIngest('one');
      await ingest.write(
        (async function* () {
          for (const byte of [1, 2, 3, 4, 5]) {
            shared.fill(byte);
            yield shared;
          }
          shared.fill(0);
        })(),
      );
      assert.equal((await ingest.commit()).digest, digestBytes(expected));
      assertSameBytes(await get(given.store, digestBytes(expected)), expected);
    });

    test('the bytes of one store go straight into another ingest', async () => {
      await using given = await make();
      const bytes = randomBytes(5 * MIB + 3);
      const digest = await put(given.store, bytes);
      await using reader = await given.store.open(digest);
      assert.ok(reader);
      await using copy = await given.store.startIngest('copy');
      await copy.write(reader.stream());
      await copy.commit({ digest });
    });

    test('stream() gives exactly the range (property)', async () => {
      await using given = await make();
      const bytes = randomBytes(1_300_000);
      const digest = await put(given.store, bytes);
      const place = fc.integer({ min: 0, max: bytes.length - 1 });
      await fc.assert(
        fc.asyncProperty(place, place, async (a, b) => {
          const range = { first: Math.min(a, b), last: Math.max(a, b) };
          assertSameBytes(await get(given.store, digest, range), bytes.subarray(range.first, range.last + 1));
        }),
        { numRuns: RUNS },
      );
      for (const range of [
        { first: 0, last: bytes.length },
        { first: 5, last: 4 },
        { first: -1, last: 4 },
        { first: 0.5, last: 4 },
      ]) {
        await assert.rejects(get(given.store, digest, range), { code: 'RANGE_INVALID' });
      }
    });

    test('stream() gives large chunks, ends early when left, and stops when aborted', async () => {
      await using given = await make();
      const digest = await put(given.store, randomBytes(2 * MIB + 1));
      await using reader = await given.store.open(digest);
      assert.ok(reader);
      const lengths: number[] = [];
      for await (const chunk of reader.stream()) lengths.push(chunk.length);
      assert.ok(lengths.slice(0, -1).every((length) => length >= 64 * 1024));
      assert.throws(() => reader.stream());

      await using left = await given.store.open(digest);
      for await (const _ of left?.stream() ?? []) break;

      await using stopped = await given.store.open(digest);
      const reason = new Error('enough');
      const controller = new AbortController();
      await assert.rejects(async () => {
        for await (const _ of stopped?.stream({ signal: controller.signal }) ?? []) controller.abort(reason);
      }, reason);
    });

    test('commit() refuses a wrong digest and a wrong size, and forgets the bytes', async () => {
      await using given = await make();
      const expectations = [
        { options: { digest: digestBytes('other') }, code: 'DIGEST_MISMATCH' },
        { options: { digest: digestBytes('other', 'sha512') }, code: 'DIGEST_MISMATCH' },
        { options: { size: 4 }, code: 'SIZE_MISMATCH' },
      ];
      for (const { options, code } of expectations) {
        const ingest = await given.store.startIngest('one');
        await ingest.write(chunksOf(Buffer.from('bytes')));
        await assert.rejects(ingest.commit(options), { code });
        await assert.rejects(ingest.commit(), { code: 'INGEST_CLOSED' });
        await assert.rejects(given.store.resumeIngest('one'), { code: 'INGEST_UNKNOWN' });
      }
      assert.deepEqual(await all(given.store.list()), []);
      assert.deepEqual(await all(given.store.listIngests()), []);
    });

    test('commit() of a blob that is there already succeeds, also at the same time', async () => {
      await using given = await make();
      const bytes = randomBytes(100_000);
      const digest = await put(given.store, bytes);
      const digests = await Promise.all(Array.from({ length: 8 }, () => put(given.store, bytes)));
      assert.deepEqual(new Set(digests), new Set([digest]));
      assert.deepEqual(await all(given.store.list()), [{ digest, size: bytes.length }]);
    });

    test('write() stops at maxSizeBytes and keeps what came before', async () => {
      await using given = await make();
      await using ingest = await given.store.startIngest('one');
      await ingest.write(chunksOf(Buffer.alloc(10)), { maxSizeBytes: 10 });
      await assert.rejects(ingest.write(chunksOf(Buffer.alloc(5), 1), { maxSizeBytes: 12 }), {
        code: 'BLOB_TOO_LARGE',
      });
      assert.equal(ingest.offset, 12);
      assert.equal((await ingest.commit()).digest, digestBytes(Buffer.alloc(12)));
    });

    test('write() keeps what a broken source gave, and goes on', async () => {
      await using given = await make();
      const bytes = randomBytes(400_000);
      await using ingest = await given.store.startIngest('one');
      const cut = new Error('connection lost');
      await assert.rejects(
        ingest.write(
          (async function* () {
            yield bytes.subarray(0, 150_001);
            throw cut;
          })(),
        ),
        cut,
      );
      assert.equal(ingest.offset, 150_001);
      await ingest.write(chunksOf(bytes.subarray(150_001)));
      await ingest.commit({ digest: digestBytes(bytes) });
    });

    test('write() ends when aborted, also while the source is silent', { timeout: 20_000 }, async () => {
      await using given = await make();
      const bytes = randomBytes(200_000);
      await using ingest = await given.store.startIngest('one');
      const controller = new AbortController();
      const reason = new Error('the client has left');
      const writing = ingest.write(
        (async function* () {
          yield bytes;
          await new Promise(() => {});
        })(),
        { signal: controller.signal },
      );
      await nextTurn();
      controller.abort(reason);
      await assert.rejects(writing, reason);
      await assert.rejects(ingest.write(chunksOf(bytes), { signal: controller.signal }), reason);
      await assert.rejects(ingest.commit({ signal: controller.signal }), reason);
      assert.equal(ingest.offset, bytes.length);
      await ingest.commit({ digest: digestBytes(bytes) });
    });

    test('an ingest has one owner at a time, and its id is used once', async () => {
      await using given = await make();
      const { store } = given;
      await assert.rejects(store.resumeIngest('one'), { code: 'INGEST_UNKNOWN' });
      const ingest = await store.startIngest('one');
      await ingest.write(chunksOf(Buffer.from('abc')));
      await assert.rejects(store.startIngest('one'), { code: 'INGEST_EXISTS' });
      await assert.rejects(store.resumeIngest('one'), { code: 'INGEST_BUSY' });
      const [listed] = await all(store.listIngests());
      assert.equal(listed?.id, 'one');
      assert.equal(listed?.offset, 3);
      assert.ok(listed?.startedAt instanceof Date && listed.updatedAt >= listed.startedAt);
      await ingest[Symbol.asyncDispose]();
      await ingest[Symbol.asyncDispose]();
      await assert.rejects(ingest.write(chunksOf(Buffer.from('d'))), { code: 'INGEST_CLOSED' });
      await assert.rejects(store.startIngest('one'), { code: 'INGEST_EXISTS' });
      const results = await Promise.allSettled([store.resumeIngest('one'), store.resumeIngest('one')]);
      assert.deepEqual(results.map((result) => result.status).sort(), ['fulfilled', 'rejected']);
      for (const result of results) if (result.status === 'fulfilled') await result.value.abort();
    });

    test('abort() forgets the bytes, may be called twice, and stops a write', {
      timeout: 20_000,
    }, async () => {
      await using given = await make();
      const { store } = given;
      const ingest = await store.startIngest('one');
      const writing = ingest.write(
        (async function* () {
          yield Buffer.from('abc');
          await new Promise(() => {});
        })(),
      );
      const failed = assert.rejects(writing, { code: 'INGEST_CLOSED' });
      await nextTurn();
      await ingest.abort();
      await ingest.abort();
      await failed;
      await assert.rejects(ingest.commit(), { code: 'INGEST_CLOSED' });
      await assert.rejects(store.resumeIngest('one'), { code: 'INGEST_UNKNOWN' });
      assert.deepEqual(await all(store.listIngests()), []);

      const committed = await store.startIngest('one');
      const { digest } = await committed.commit();
      await committed.abort();
      await committed[Symbol.asyncDispose]();
      assert.ok(await store.stat(digest));
    });

    test('an id that is no plain name is refused', async () => {
      await using given = await make();
      const ids = [
        '',
        '.',
        '..',
        '../x',
        'a/b',
        'a\\b',
        'a.b',
        'a\0',
        'é',
        ' ',
        'x'.repeat(129),
        '/etc/passwd',
      ];
      for (const id of ids) {
        await assert.rejects(given.store.startIngest(id), { code: 'INGEST_ID_INVALID' }, id);
        await assert.rejects(given.store.resumeIngest(id), { code: 'INGEST_ID_INVALID' }, id);
      }
      await (await given.store.startIngest('x'.repeat(128))).abort();
    });

    test('delete() removes a blob, and who reads it reads on', async () => {
      await using given = await make();
      const bytes = randomBytes(3 * MIB);
      const digest = await put(given.store, bytes);
      await using reader = await given.store.open(digest);
      assert.ok(reader);
      assert.equal(await given.store.delete(digest), true);
      assert.equal(await given.store.delete(digest), false);
      assert.equal(await given.store.stat(digest), undefined);
      const parts: Buffer[] = [];
      for await (const chunk of reader.stream()) parts.push(Buffer.from(chunk));
      assertSameBytes(Buffer.concat(parts), bytes);
    });

    test('delete() refuses what a lease names', async () => {
      const leases = createMemoryLeases();
      await using given = await make(leases);
      const digest = await put(given.store, Buffer.from('leased'));
      const lease = await leases.acquire({ owner: 'test', digests: [digest], ttlMs: 60_000 });
      await assert.rejects(given.store.delete(digest), { code: 'BLOB_LEASED' });
      assert.ok(await given.store.stat(digest));
      await leases.release(lease.id);
      assert.equal(await given.store.delete(digest), true);
    });

    test('many ingests and readers work side by side', async () => {
      await using given = await make();
      const blobs = Array.from({ length: 40 }, (_, index) => randomBytes(50_000 * (index + 1)));
      const digests = await Promise.all(blobs.map((bytes) => put(given.store, bytes)));
      const read = await Promise.all(digests.map((digest) => get(given.store, digest)));
      for (const [index, bytes] of blobs.entries()) assertSameBytes(read[index], bytes);
    });

    if (abilities.survivesCrash) crashCases(make);
  });
}

function crashCases(make: () => Promise<BlobStoreUnderTest>): void {
  describe('after a crash', () => {
    test('blobs are there, and an ingest goes on and is hashed again', async () => {
      await using given = await make();
      const bytes = randomBytes(2 * MIB + 5);
      const kept = await put(given.store, Buffer.from('kept'));
      const ingest = await given.store.startIngest('one');
      await ingest.write(chunksOf(bytes.subarray(0, MIB)));
      const store = await given.reopen?.();
      assert.ok(store);
      assertSameBytes(await get(store, kept), Buffer.from('kept'));
      const resumed = await store.resumeIngest('one');
      assert.equal(resumed.offset, MIB);
      await resumed.write(chunksOf(bytes.subarray(MIB)));
      await resumed.commit({ digest: digestBytes(bytes) });
      assertSameBytes(await get(store, digestBytes(bytes)), bytes);
    });

    test('a wrong digest of resumed bytes is found', async () => {
      await using given = await make();
      const ingest = await given.store.startIngest('one');
      await ingest.write(chunksOf(Buffer.from('wrong')));
      const store = await given.reopen?.();
      assert.ok(store);
      const resumed = await store.resumeIngest('one');
      await resumed.write(chunksOf(Buffer.from(' bytes')));
      await assert.rejects(resumed.commit({ digest: digestBytes('right bytes') }), {
        code: 'DIGEST_MISMATCH',
      });
      assert.deepEqual(await all(store.list()), []);
      assert.deepEqual(await all(store.listIngests()), []);
    });
  });
}
