import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { isAlive, withLock } from './process-lock.ts';

async function lockPath(t: TestContext): Promise<{ folder: string; path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-lock-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return { folder, path: join(folder, 'lock') };
}

test('withLock() lets one in at a time and leaves nothing', async (t) => {
  const { folder, path } = await lockPath(t);
  let inside = 0;
  const results = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      withLock(path, async () => {
        inside += 1;
        assert.equal(inside, 1);
        await nextTurn();
        inside -= 1;
        return n;
      }),
    ),
  );
  assert.deepEqual(results, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(await readdir(folder), []);
});

test('withLock() takes over the lock of a process that is gone', async (t) => {
  const { folder, path } = await lockPath(t);
  await writeFile(path, '999999999');
  assert.equal(await withLock(path, async () => 'in'), 'in');
  assert.deepEqual(await readdir(folder), []);
});

test('withLock() ends its wait when the call is cancelled, and gives the lock back after a failure', async (t) => {
  const { folder, path } = await lockPath(t);
  await writeFile(path, `${process.pid}`);
  await assert.rejects(
    withLock(path, async () => 'in', { signal: AbortSignal.timeout(20) }),
    { name: 'AbortError' },
  );
  await rm(path);
  await assert.rejects(
    withLock(path, async () => {
      throw new Error('work failed');
    }),
    /work failed/,
  );
  assert.deepEqual(await readdir(folder), []);
});

test('isAlive() knows this process and nobody', () => {
  assert.equal(isAlive(process.pid), true);
  assert.equal(isAlive(0), false);
  assert.equal(isAlive(999_999_999), false);
});

test('withLock() lets one in at a time when many find the lock of a process that is gone', async (t) => {
  const { folder, path } = await lockPath(t);
  for (let round = 0; round < 20; round += 1) {
    await writeFile(path, '999999999');
    let inside = 0;
    const work = async () => {
      inside += 1;
      assert.equal(inside, 1);
      await sleep(1);
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 8 }, () => withLock(path, work)));
    assert.deepEqual(await readdir(folder), []);
  }
});
