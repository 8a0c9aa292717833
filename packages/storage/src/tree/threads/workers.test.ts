import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededBytes } from '@berth/oci/testing';
import type { TreeFolder } from '../interface.ts';
import { collect, dir, file, openTreeLab, sha256, tarOf } from '../testing/tree-lab.ts';

const MB = 1024 * 1024;

/** Threads of this process that are tree workers. */
function workerCount(): number {
  return readdirSync('/proc/self/task').filter((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/comm`, 'utf8').startsWith('berth-tree');
    } catch {
      return false;
    }
  }).length;
}

test('unpack() that is aborted leaves the folder and closes the source', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const tar = await tarOf([file('a', seededBytes('a', 4 * MB))]);
  for (const pauseAt of [0, 100_000, 3 * MB]) {
    const abort = new AbortController();
    let isClosed = false;
    async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        for (let at = 0; at < tar.length; at += 65_536) {
          if (at >= pauseAt) {
            setTimeout(() => abort.abort(new Error('enough')), 20);
            await sleep(60_000, undefined, { signal: abort.signal }).catch(() => {});
          }
          yield tar.subarray(at, at + 65_536);
        }
      } finally {
        isClosed = true;
      }
    }
    const folder: TreeFolder = await lab.changes();
    const unpacking = lab.workers.unpack(folder, source(), {
      tarSplitPath: lab.splitPath(folder),
      signal: abort.signal,
    });
    await assert.rejects(unpacking, /enough/);
    const left: number = readdirSync(folder.path).length;
    await sleep(50);
    assert.equal(isClosed, true);
    assert.equal(readdirSync(folder.path).length, left);
  }
  // The worker goes on with the next.
  const folder = await lab.changes();
  assert.equal((await lab.unpack(folder, tar)).diffID, sha256(tar));
});

test('unpack() that is aborted inside a long loop of the worker stops there', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const tree = await lab.tree();
  await lab.unpack(
    tree,
    Array.from({ length: 3000 }, (_, at) => file(`d/${at}`)),
  );
  const abort = new AbortController();
  const many = Array.from({ length: 200 }, (_, at) => file(`e/${at}`));
  const removing = lab.unpack(tree, [...many, file('.wh.d'), ...many], {
    signal: abort.signal,
    onProgress: () => abort.abort(new Error('enough')),
  });
  await assert.rejects(removing, /enough/);
});

test('unpack() gives what the source throws, and closes it when the tar is bad', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const folder = await lab.changes();
  const split = { tarSplitPath: lab.splitPath(folder) };
  async function* failing(): AsyncGenerator<Uint8Array, void, undefined> {
    yield Buffer.alloc(100_000);
    throw new TypeError('cable cut');
  }
  await assert.rejects(lab.workers.unpack(folder, failing(), split), {
    name: 'TypeError',
    message: 'cable cut',
  });
  let isClosed = false;
  async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        yield Buffer.alloc(65_536, 1);
        await sleep(1);
      }
    } finally {
      isClosed = true;
    }
  }
  await assert.rejects(lab.workers.unpack(folder, endless(), split), { code: 'TAR_INVALID' });
  await sleep(50);
  assert.equal(isClosed, true);
  async function* cut(): AsyncGenerator<Uint8Array, void, undefined> {
    yield (await tarOf([file('a', 'x')])).subarray(0, 700);
  }
  await assert.rejects(lab.workers.unpack(folder, cut(), split), { code: 'TAR_INVALID' });
  async function* garbage(): AsyncGenerator<Uint8Array, void, undefined> {
    yield Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }
  await assert.rejects(lab.workers.unpack(folder, garbage(), split), { code: 'COMPRESSION_INVALID' });
});

test('a source is read no faster than the worker unpacks', async (t) => {
  const lab = await openTreeLab(t);
  if (lab === undefined) return;
  const tar = await tarOf([file('a', seededBytes('a', 30 * MB))]);
  let given = 0;
  let most = 0;
  async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < tar.length; at += MB) {
      given += MB;
      yield tar.subarray(at, at + MB);
    }
  }
  const folder = await lab.changes();
  const unpacking = lab.workers.unpack(folder, source(), {
    tarSplitPath: lab.splitPath(folder),
    onProgress: (done) => {
      most = Math.max(most, given - done);
    },
  });
  // Before the worker has begun, no more than the window is taken.
  await sleep(0);
  assert.ok(given <= 3 * MB, `${given} bytes taken at once`);
  await unpacking;
  assert.ok(most <= 2 * MB);
});

test('no more workers than were asked for; idle ones end', async (t) => {
  const lab = await openTreeLab(t, { workers: 2, idleMs: 150 });
  if (lab === undefined) return;
  assert.equal(workerCount(), 0);
  let most = 0;
  const tar = await tarOf([dir('d'), file('d/x', seededBytes('x', 2 * MB))]);
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      const { diffID } = await lab.unpack(await lab.changes(), tar);
      most = Math.max(most, workerCount());
      assert.equal(diffID, sha256(tar));
    }),
  );
  assert.equal(most, 2);
  for (let wait = 0; wait < 100 && workerCount() > 0; wait++) await sleep(50);
  assert.equal(workerCount(), 0);
  lab.workers.warm(5);
  for (let wait = 0; wait < 100 && workerCount() < 2; wait++) await sleep(10);
  assert.equal(workerCount(), 2);
});

test('streams start when they are read, and end when the reader leaves', async (t) => {
  const lab = await openTreeLab(t, { workers: 1 });
  if (lab === undefined) return;
  const tar = await tarOf([file('a', seededBytes('a', 8 * MB))]);
  const folder = await lab.changes();
  await lab.unpack(folder, tar);
  const split = lab.splitPath(folder);
  const unread = lab.workers.rebuildTar(folder, split);
  for await (const chunk of lab.workers.rebuildTar(folder, split)) {
    assert.ok(chunk.length >= 65_536);
    break;
  }
  // One worker reads: the one above has left it.
  assert.ok((await collect(lab.workers.rebuildTar(folder, split))).equals(tar));
  assert.ok((await collect(unread)).equals(tar));
  const abort = new AbortController();
  const aborted = (async () => {
    for await (const _ of lab.workers.rebuildTar(folder, split, { signal: abort.signal }))
      abort.abort(new Error('enough'));
  })();
  await assert.rejects(aborted, /enough/);
});

test('a stream that is read fills another folder with one worker for each', async (t) => {
  const lab = await openTreeLab(t, { workers: 1 });
  if (lab === undefined) return;
  const tar = await tarOf([file('a', seededBytes('a', 8 * MB))]);
  const folder = await lab.changes();
  await lab.unpack(folder, tar);
  const copy = await lab.changes();
  const { diffID } = await lab.workers.unpack(copy, lab.workers.rebuildTar(folder, lab.splitPath(folder)), {
    tarSplitPath: lab.splitPath(copy),
  });
  assert.equal(diffID, sha256(tar));
});

test('disposing ends what runs and what waits', async (t) => {
  const lab = await openTreeLab(t, { workers: 1 });
  if (lab === undefined) return;
  async function* slow(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      yield Buffer.alloc(1024);
      await sleep(20);
    }
  }
  const folders = [await lab.changes(), await lab.changes()];
  const unpacking = folders.map((folder) =>
    lab.workers.unpack(folder, slow(), { tarSplitPath: lab.splitPath(folder) }).then(
      () => 'done',
      (error: Error) => error.name,
    ),
  );
  await sleep(200);
  await lab.workers[Symbol.asyncDispose]();
  assert.deepEqual(await Promise.all(unpacking), ['AbortError', 'AbortError']);
  assert.equal(workerCount(), 0);
  await assert.rejects(lab.workers.size(folders[0] ?? assert.fail()), { name: 'AbortError' });
});
