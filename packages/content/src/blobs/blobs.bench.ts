/**
 * How fast a folder store takes blobs in (with sync) and gives them out.
 *
 *     node packages/content/src/blobs/blobs.bench.ts [folder]
 *
 * Prints one JSON object; MB are millions of bytes. Best of several runs: the machine's noise only ever adds.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Digest } from '@berth/oci';
import { openFolderBlobStore } from './folder/store.ts';
import type { BlobStore } from './interface.ts';

const SIZE_BYTES = 256 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const RUNS = 5;
const READERS = 200;
const READER_BYTES = 16 * 1024 * 1024;

/** Like a socket: one chunk per turn of the event loop. */
async function* body(sizeBytes: number): AsyncGenerator<Uint8Array> {
  const chunk = randomBytes(CHUNK_BYTES);
  for (let sent = 0; sent < sizeBytes; sent += CHUNK_BYTES) {
    chunk.writeUInt32LE(sent / CHUNK_BYTES);
    if (sent % (4 * CHUNK_BYTES) === 0) await nextTurn();
    yield chunk;
  }
}

async function ingest(store: BlobStore, sizeBytes: number): Promise<Digest> {
  await using target = await store.startIngest(randomUUID());
  await target.write(body(sizeBytes));
  return (await target.commit()).digest;
}

async function read(store: BlobStore, digest: Digest): Promise<void> {
  await using reader = await store.open(digest);
  for await (const _ of reader?.stream() ?? []) await nextTurn();
}

async function best(work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run += 1) {
    const start = performance.now();
    await work();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

function megabytesPerSecond(sizeBytes: number, ms: number): number {
  return Math.round(sizeBytes / 1000 / ms);
}

const root = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'berth-bench-'));
try {
  await using store = await openFolderBlobStore({ path: root });
  const ingestMs = await best(() => ingest(store, SIZE_BYTES));
  const digest = await ingest(store, SIZE_BYTES);
  const readMs = await best(() => read(store, digest));
  const smallMs = await best(async () => {
    for (let index = 0; index < 100; index += 1) await ingest(store, CHUNK_BYTES);
  });
  const shared = await ingest(store, READER_BYTES);
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 5);
  const start = performance.now();
  await Promise.all(Array.from({ length: READERS }, () => read(store, shared)));
  const manyMs = performance.now() - start;
  clearInterval(watch);
  console.log(
    JSON.stringify(
      {
        ingestMBs: megabytesPerSecond(SIZE_BYTES, ingestMs),
        readMBs: megabytesPerSecond(SIZE_BYTES, readMs),
        smallBlobsPerSecond: Math.round(100_000 / smallMs),
        manyReadersMBs: megabytesPerSecond(READERS * READER_BYTES, manyMs),
        manyReadersGrowthMiB: Math.round((peak - before) / 1024 / 1024),
        manyReadersPeakMiB: Math.round(peak / 1024 / 1024),
      },
      null,
      2,
    ),
  );
} finally {
  await rm(root, { recursive: true, force: true });
}
