import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { MountTable } from '../mounts.ts';
import type { DriverBench } from './driver-bench.ts';

/** Mounting: counted, idempotent, surviving the process, and never in the way of a removal. */
export function mountCases(bench: DriverBench): void {
  bench.test('mount() twice is one mount; unmount() as often as one likes', async (given) => {
    const base = await given.layer(undefined);
    const key = await given.layer(base);
    const path = await given.driver.mount(key, { isReadonly: false });
    writeFileSync(`${path}/file`, 'x');
    assert.equal(await given.driver.mount(key, { isReadonly: false }), path);
    assert.equal(readFileSync(`${path}/file`, 'utf8'), 'x');
    await given.driver.unmount(key);
    assert.deepEqual(given.scratch.mounts(), []);
    await given.driver.unmount(key);
    assert.deepEqual(await given.driver.mounted(), new Set());
  });

  bench.test('a mount outlives the process that made it and is taken over by the next', async (given) => {
    const base = await given.layer(undefined);
    const key = await given.layer(base);
    const path = await given.driver.mount(key, { isReadonly: false });
    writeFileSync(`${path}/before`, '1');
    const mounts = given.scratch.mounts();
    await given.reopen();
    const table = await MountTable.open(given.driver);
    assert.equal(table.isMounted(key), mounts.length > 0);
    assert.equal(await table.mount(key, { isReadonly: false }), path);
    assert.equal(readFileSync(`${path}/before`, 'utf8'), '1');
    assert.deepEqual(given.scratch.mounts(), mounts);
    await table.unmount(key);
    assert.deepEqual(given.scratch.mounts(), []);
  });

  bench.test('a look at a mount leaves it as it was found', async (given) => {
    const base = await given.layer(undefined, (root) => writeFileSync(`${root}/file`, 'x'));
    const key = await given.layer(base);
    const table = await MountTable.open(given.driver);
    {
      await using borrowed = await table.borrow(key, { isReadonly: true });
      assert.equal(readFileSync(`${borrowed.path}/file`, 'utf8'), 'x');
    }
    assert.deepEqual(given.scratch.mounts(), []);
    await given.driver.mount(key, { isReadonly: false });
    const mounts = given.scratch.mounts();
    await given.reopen();
    const next = await MountTable.open(given.driver);
    for (let round = 0; round < 2; round++) {
      await using _ = await next.borrow(key, { isReadonly: false });
    }
    assert.deepEqual(given.scratch.mounts(), mounts);
    await next.unmount(key);
    assert.deepEqual(given.scratch.mounts(), []);
  });

  bench.test('the mount table unmounts after the last of 256 users at once', async (given) => {
    const base = await given.layer(undefined, (root) => writeFileSync(`${root}/file`, 'x'));
    const key = await given.layer(base);
    const table = await MountTable.open(given.driver);
    const users = Array.from({ length: 256 }, async () => {
      const path = await table.mount(key, { isReadonly: false });
      assert.equal(readFileSync(`${path}/file`, 'utf8'), 'x');
      return path;
    });
    assert.equal(new Set(await Promise.all(users)).size, 1);
    assert.equal(table.users(key), 256);
    const mounts = given.scratch.mounts();
    await Promise.all(Array.from({ length: 255 }, () => table.unmount(key)));
    assert.deepEqual(given.scratch.mounts(), mounts);
    await table.unmount(key);
    assert.equal(table.users(key), 0);
    assert.deepEqual(given.scratch.mounts(), []);
  });

  bench.test('a mount that failed is not counted', async (given) => {
    const key = await given.layer(undefined);
    await given.driver.remove(key);
    const table = await MountTable.open(given.driver);
    await assert.rejects(table.mount(key, { isReadonly: false }), { code: 'LAYER_UNKNOWN' });
    assert.equal(table.users(key), 0);
    assert.equal(table.isMounted(key), false);
  });

  bench.test('remove() of a mounted layer takes it away; who has a file open can read on', async (given) => {
    const base = await given.layer(undefined);
    const key = await given.layer(base);
    const path = await given.driver.mount(key, { isReadonly: false });
    writeFileSync(`${path}/file`, 'still here');
    const fd = openSync(`${path}/file`, 'r');
    try {
      await given.driver.remove(key);
      const buffer = Buffer.alloc(10);
      if (!given.driver.abilities.mountsByProgram) {
        readSync(fd, buffer);
        assert.equal(buffer.toString(), 'still here');
      }
    } finally {
      closeSync(fd);
    }
    assert.deepEqual(await given.driver.list(), { keys: new Set([base]), garbage: [] });
    assert.deepEqual(given.scratch.mounts(), []);
  });

  bench.test('remove() succeeds where the mount has leaked into another mount namespace', async (given) => {
    const base = await given.layer(undefined);
    const key = await given.layer(base);
    await given.driver.mount(key, { isReadonly: false });
    const holder = spawn(
      'unshare',
      ['--mount', '--propagation', 'private', 'sh', '-c', 'echo ready; exec sleep 60'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    try {
      await once(holder.stdout, 'data');
      await given.driver.remove(key);
      assert.deepEqual(await given.driver.list(), { keys: new Set([base]), garbage: [] });
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'close');
    }
  });

  bench.test('what was written is there after unmount() and mount()', async (given) => {
    const base = await given.layer(undefined, (root) => writeFileSync(`${root}/base`, 'b'));
    const key = await given.layer(base);
    for (let round = 0; round < 3; round++) {
      await given.change(key, (root) => {
        if (round > 0) assert.equal(readFileSync(`${root}/round-${round - 1}`, 'utf8'), String(round - 1));
        writeFileSync(`${root}/round-${round}`, String(round));
        assert.equal(readFileSync(`${root}/base`, 'utf8'), 'b');
      });
    }
  });
}
