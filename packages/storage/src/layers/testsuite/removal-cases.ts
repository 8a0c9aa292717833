import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { hasCode } from '@berth/errors';
import { bindMount, unmount } from '@berth/linux';
import type { DriverEntry } from '../../drivers/interface.ts';
import { type TreeSpec, tarOf } from '../../testing/layer-tars.ts';
import { inputOf, readAll, type StoreBench } from './store-bench.ts';

const BASE: TreeSpec = { base: 'b' };

/** Layers stay as long as somebody needs them, and then go. */
export function removalCases(bench: StoreBench): void {
  bench.test('removeOwner() takes the layers that nobody else needs, top first', async (given) => {
    const one = await given.image([BASE, { one: '1' }], 'image:1');
    const two = await given.image([BASE, { two: '2' }, { three: '3' }], 'image:2');
    assert.deepEqual(await given.store.owners(), ['image:1', 'image:2']);
    const removed = await given.store.removeOwner('image:2');
    assert.deepEqual(await given.store.owners(), ['image:1']);
    assert.deepEqual(
      removed.map(({ chainID }) => chainID),
      [two[2]?.chainID, two[1]?.chainID],
    );
    assert.ok(await given.store.layer(one[0]?.chainID as never));
    assert.deepEqual(await given.store.removeOwner('image:2'), []);
    assert.equal((await given.store.removeOwner('image:1')).length, 2);
    assert.deepEqual(await given.onDisk(), { keys: 0, garbage: 0, tarSplits: 0 });
  });

  bench.test('an owner in the middle of a stack keeps what is below it', async (given) => {
    const layers = await given.image([BASE, { one: '1' }, { two: '2' }], 'top');
    await given.store.addOwner(layers[1]?.chainID as never, 'middle');
    assert.equal((await given.store.removeOwner('top')).length, 1);
    assert.equal((await given.store.removeOwner('middle')).length, 2);
    await assert.rejects(given.store.addOwner(layers[1]?.chainID as never, 'late'), {
      code: 'LAYER_UNKNOWN',
    });
  });

  bench.test('a container keeps its image; init layers go with the image', async (given) => {
    const root = await given.container('c', [BASE, { one: '1' }]);
    assert.deepEqual(await given.store.removeOwner('image:c'), []);
    assert.equal((await given.store.sweep()).layers.length, 0);
    assert.deepEqual(await given.onDisk(), { keys: 4, garbage: 0, tarSplits: 2 });
    assert.ok(root);
    await given.removeContainer('c');
    const swept = await given.store.sweep();
    assert.equal(swept.layers.length, 2);
    assert.ok(swept.bytes > 0);
    assert.deepEqual(await given.onDisk(), { keys: 0, garbage: 0, tarSplits: 0 });
  });

  bench.test('sweep() takes ownerless layers, and leaves those of a call on its way', async (given) => {
    const [base] = await given.image([BASE]);
    const gate = Promise.withResolvers<void>();
    const top = await tarOf({ top: 't' });
    const applying = given.store.apply({
      owner: 'image',
      layers: [
        inputOf(await tarOf(BASE)),
        inputOf(top, {
          open: async function* () {
            await gate.promise;
            yield top;
          },
        }),
      ],
    });
    await wait(50);
    assert.deepEqual((await given.store.sweep()).layers, []);
    gate.resolve();
    const layers = await applying;
    assert.equal(layers[0]?.chainID, base?.chainID);
    assert.equal((await given.store.sweep()).layers.length, 0);
    await given.assertClean();
  });

  bench.test('who reads a layer while it is removed reads it to the end', async (given) => {
    const content = Buffer.alloc(8 << 20, 'layer');
    const [layer] = await given.image([{ big: { content } }], 'image');
    const tar = await tarOf({ big: { content } });
    const source = given.store.readTar(layer?.chainID as never)[Symbol.asyncIterator]();
    const first = await source.next();
    assert.equal((await given.store.removeOwner('image')).length, 1);
    assert.equal(await given.store.layer(layer?.chainID as never), undefined);
    const rest = await readAll({ [Symbol.asyncIterator]: () => source });
    assert.equal((first.value as Uint8Array).length + rest.length, tar.length);
    // Its folder goes when the reader has; closing waits for that.
    await given.reopen();
    assert.deepEqual(await given.onDisk(), { keys: 0, garbage: 0, tarSplits: 0 });
    await assert.rejects(readAll(given.store.readTar(layer?.chainID as never)), { code: 'LAYER_UNKNOWN' });
  });

  bench.test('removing and bringing in the same image at once ends whole', async (given) => {
    const specs = [BASE, { one: '1' }, { two: '2' }];
    for (let round = 0; round < 8; round++) {
      await given.image(specs, 'old');
      const [, layers] = await Promise.all([given.store.removeOwner('old'), given.image(specs, 'new')]);
      for (const { chainID } of layers) assert.ok(await given.store.layer(chainID));
      await given.assertClean();
      assert.equal((await given.store.removeOwner('new')).length, 3);
    }
    assert.deepEqual(await given.onDisk(), { keys: 0, garbage: 0, tarSplits: 0 });
  });

  bench.test(
    'a layer that cannot be removed keeps no store from opening, and goes when it can',
    async (given) => {
      await given.image([BASE], 'stays');
      await given.image([{ stuck: 'x' }], 'goes');
      const isStuck = async () => {
        throw new Error('somebody holds it');
      };
      Object.assign(given.driver, { remove: isStuck });
      await given.store.removeOwner('goes').catch(() => undefined);
      const faults: string[] = [];
      const stuck: DriverEntry = {
        ...bench.entry,
        open: async (options) => Object.assign(await bench.entry.open(options), { remove: isStuck }),
      };
      await given.reopen({ drivers: [stuck], onFault: (_error, what) => faults.push(what) });
      assert.equal(faults.length, 1);
      assert.match(faults[0] ?? '', /what is left of the layer/);
      assert.equal((await given.onDisk()).keys, 2);
      await given.reopen();
      assert.equal((await given.onDisk()).keys, 1);
      await given.assertClean();
    },
  );

  bench.test(
    'a container with something mounted in its layer: the layer goes at the start after the unmount',
    async (given) => {
      const root = await given.container('c', [BASE]);
      const outside = join(given.scratch.path, 'outside');
      const inner = join(root, 'inner');
      for (const path of [outside, inner]) await mkdir(path);
      await writeFile(join(outside, 'file'), 'stays');
      bindMount(outside, inner);
      try {
        await given.removeContainer('c');
      } catch (error) {
        // Where the layer itself is no mount, with which this one would be detached.
        assert.ok(hasCode(error) && error.code === 'LAYER_BUSY');
        const faults: unknown[] = [];
        await given.reopen({ onFault: (fault) => faults.push(fault) });
        assert.equal(faults.length, 1);
        unmount(inner);
      }
      await given.reopen();
      assert.deepEqual(given.scratch.mounts(), []);
      assert.deepEqual(await readdir(outside), ['file']);
      await given.assertClean();
    },
  );

  bench.test('after closing, calls are refused and everything can be opened again', async (given) => {
    const [layer] = await given.image([BASE], 'image');
    const old = given.store;
    await given.reopen();
    assert.throws(() => old.readTar(layer?.chainID as never), { code: 'STORE_CLOSED' });
    await assert.rejects(old.apply({ layers: [] }), { code: 'STORE_CLOSED' });
    assert.deepEqual(await given.store.layer(layer?.chainID as never), layer);
  });
}
