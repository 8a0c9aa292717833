import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mountFileSystem, unmount } from '@berth/linux';
import { listTree } from '../../testing/tree-listing.ts';
import type { LayerKey } from '../interface.ts';
import { newLayerKey } from '../keys.ts';
import type { DriverBench, DriverUnderTest } from './driver-bench.ts';

class Stopped extends Error {}

/** Runs `work` once for each step that it announces, and stops it there as if the process had ended. */
async function atEveryStep(
  given: DriverUnderTest,
  options: { readonly work: () => Promise<unknown>; readonly recover: (step: string) => Promise<void> },
): Promise<readonly string[]> {
  const steps: string[] = [];
  for (let at = 0; ; at++) {
    let count = 0;
    let stoppedAt: string | undefined;
    given.onStep = (step) => {
      if (count++ !== at) return;
      stoppedAt = step;
      throw new Stopped(step);
    };
    try {
      await options.work();
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    } finally {
      given.onStep = () => {};
    }
    if (stoppedAt === undefined) return steps;
    steps.push(stoppedAt);
    await given.reopen();
    await options.recover(stoppedAt);
  }
}

/** Stops a removal where the layer is no layer any more and is there still, so that `count` lie in the garbage. */
async function leaveGarbage(given: DriverUnderTest, count: number): Promise<void> {
  for (let at = 1; (await given.driver.list()).garbage.length < count; at++) {
    const key = await given.layer(undefined);
    let steps = 0;
    given.onStep = (step) => {
      if (steps++ === at) throw new Stopped(step);
    };
    await assert.rejects(
      given.driver.remove(key),
      Stopped,
      `remove() has ${steps} steps, and none leaves garbage`,
    );
    given.onStep = () => {};
  }
}

/** Whatever is cut leaves something that `remove` and `sweepGarbage` take away. */
export function crashCases(bench: DriverBench): void {
  bench.test('create() stopped at any step leaves what remove() takes away', async (given) => {
    const base = await given.layer(undefined, (root) => {
      mkdirSync(`${root}/d`);
      writeFileSync(`${root}/d/file`, 'x');
    });
    let key: LayerKey = newLayerKey();
    const steps = await atEveryStep(given, {
      work: async () => {
        key = newLayerKey();
        await given.driver.create(key, { parent: base, isWritable: true });
      },
      recover: async () => {
        await given.driver.remove(key);
        await given.driver.sweepGarbage();
        assert.deepEqual(await given.driver.list(), { keys: new Set([base]), garbage: [] });
      },
    });
    assert.ok(steps.length >= 2, 'create() announces its steps');
    assert.deepEqual(await given.driver.check(key, [base]), []);
  });

  bench.test(
    'remove() stopped at any step leaves the layer or garbage, and the next one ends it',
    async (given) => {
      const base = await given.layer(undefined);
      let key = await given.layer(base, (root) => writeFileSync(`${root}/file`, 'x'));
      const steps = await atEveryStep(given, {
        work: () => given.driver.remove(key),
        recover: async () => {
          const { keys, garbage } = await given.driver.list();
          assert.equal(keys.has(key), garbage.length === 0);
          await given.driver.remove(key);
          const freed = await given.driver.sweepGarbage();
          assert.equal(freed > 0, garbage.length > 0);
          assert.deepEqual(await given.driver.list(), { keys: new Set([base]), garbage: [] });
          key = await given.layer(base, (root) => writeFileSync(`${root}/file`, 'x'));
        },
      });
      assert.ok(steps.length >= 2, 'remove() announces its steps');
    },
  );

  bench.test('sweepGarbage() goes on where one cannot go', async (given) => {
    for (const count of [1, 2]) await leaveGarbage(given, count);
    const { garbage } = await given.driver.list();
    const stuck = garbage[0] ?? assert.fail();
    mkdirSync(`${stuck}/mounted`);
    mountFileSystem(`${stuck}/mounted`, { type: 'tmpfs' });
    await assert.rejects(given.driver.sweepGarbage());
    assert.deepEqual((await given.driver.list()).garbage, [stuck]);
    unmount(`${stuck}/mounted`);
    await given.driver.sweepGarbage();
    assert.deepEqual((await given.driver.list()).garbage, []);
  });

  bench.test('mount() stopped at any step can be made again, and taken away', async (given) => {
    const base = await given.layer(undefined, (root) => writeFileSync(`${root}/base`, 'x'));
    const key = await given.layer(base);
    await atEveryStep(given, {
      work: () => given.driver.mount(key, { isReadonly: false }),
      recover: async () => {
        const path = await given.driver.mount(key, { isReadonly: false });
        assert.equal(listTree(path).length, 2);
        await given.driver.unmount(key);
        assert.deepEqual(given.scratch.mounts(), []);
      },
    });
    await given.driver.unmount(key);
  });

  bench.test(
    'a file system without room for one more file gives DISK_FULL, and what is there can be removed',
    async (given) => {
      const home = `${given.scratch.path}/small`;
      mkdirSync(home);
      await bench.place.mountSmall(home, { bytes: 1 << 20, inodes: 24 });
      const driver = await bench.entry.open({ home, options: {}, disk: given.disk });
      await bench.place.fill(home);
      const made: LayerKey[] = [];
      await assert.rejects(
        async () => {
          for (let index = 0; index < 40; index++) {
            const key = newLayerKey();
            made.push(key);
            await driver.create(key, { isWritable: true });
          }
        },
        { code: 'DISK_FULL', class: 'resourceExhausted' },
      );
      for (const key of made) await driver.remove(key);
      assert.deepEqual(await driver.list(), { keys: new Set(), garbage: [] });
      await driver[Symbol.asyncDispose]();
      unmount(home);
    },
  );
}
