import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readTar } from '@berth/oci';
import { seededBytes } from '@berth/oci/testing';
import { writeDiff } from './compare/write-diff.ts';
import { rebuildTar } from './tar-split/rebuild-tar.ts';
import { collect, file, openTreeLab, sha256, tarOf } from './testing/tree-lab.ts';
import { CancelFlag } from './threads/cancel-flag.ts';

/** Around the sizes of the pieces that files are read, joined and sent in. */
const SIZES = [65_536, 262_144, 524_288, 1_048_576].flatMap((size) => [size - 1, size, size + 1]);

const CONTENTS = SIZES.map((size) => seededBytes(`file of ${size}`, size));
const FILES = CONTENTS.map((bytes) => file(`f-${String(bytes.length).padStart(8, '0')}`, bytes));
/** Each file behind a header alone, and all of them behind one another. */
const LAYERS = [...FILES.map((one) => [one]), FILES];

test('rebuildTar() gives files of every size back, out of a plain tar and out of gzip', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  for (const layer of LAYERS) {
    const tar = await tarOf(layer);
    // The chunks of gzip are lent to the worker in memory that is used again for the next ones.
    for (const source of [tar, gzipSync(tar, { level: 0 }), gzipSync(tar, { level: 1 })]) {
      const folder = await lab.changes();
      const { diffID } = await lab.unpack(folder, source);
      assert.equal(diffID, sha256(tar));
      const rebuilt = await collect(lab.workers.rebuildTar(folder, lab.splitPath(folder)));
      assert.ok(rebuilt.equals(tar), `${layer.length} files, ${tar.length} bytes`);
    }
  }
});

test('writeDiff() has files of every size whole', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  for (const layer of LAYERS) {
    const folder = await lab.changes();
    await lab.unpack(folder, layer);
    const diff = await collect(lab.workers.writeDiff({ changes: folder, parents: [] }));
    assert.deepEqual(await contentsOf([diff]), await contentsOf([await tarOf(layer)]));
  }
});

test('whoever takes a chunk may give its memory away', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const folder = await lab.changes();
  const tar = await tarOf(FILES);
  await lab.unpack(folder, tar);
  const never = CancelFlag.never();
  assert.ok((await collect(taken(rebuildTar(folder, lab.splitPath(folder), never)))).equals(tar));
  const diff = await collect(taken(writeDiff({ changes: folder, parents: [] }, never)));
  assert.deepEqual(await contentsOf([diff]), await contentsOf([tar]));
});

/** As a worker sends them: a chunk that is all of its memory goes with it, and is empty where it was made. */
async function* taken(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let moved = 0;
  for await (const chunk of chunks) {
    const { buffer } = chunk;
    const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === chunk.length;
    yield isWhole ? structuredClone(chunk, { transfer: [buffer] }) : Uint8Array.from(chunk);
    if (isWhole) moved += 1;
  }
  assert.ok(moved > 0, 'no chunk was taken');
}

async function contentsOf(tar: Iterable<Uint8Array>): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for await (const { entry, content } of readTar(oneByOne(tar)))
    found[entry.path] = sha256(await collect(content));
  return found;
}

async function* oneByOne(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
