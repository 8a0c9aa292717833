import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { chainIDs } from '@berth/oci';
import { bytesOf, slowly, type TreeSpec, tarOf } from '../../testing/layer-tars.ts';
import type { LayerProgress } from '../interface.ts';
import { diffIDOf, inputOf, readAll, type StoreBench } from './store-bench.ts';

const BASE: TreeSpec = {
  'bin/': {},
  'bin/sh': { content: 'shell', mode: 0o755 },
  'etc/': {},
  'etc/passwd': 'root',
};
const APP: TreeSpec = { 'app/': {}, 'app/main': 'program', 'etc/.wh.passwd': '' };

async function* never(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(512);
  await wait(60_000, undefined, signal === undefined ? {} : { signal });
}

/** Layers come in: in any compression, at once, shared, and whole or not at all. */
export function applyCases(bench: StoreBench): void {
  bench.test('apply() brings a stack in, lowest first, and tells about each layer', async (given) => {
    const tars = [await tarOf(BASE), await tarOf(APP)] as const;
    const before = Date.now();
    const layers = await given.store.apply({ layers: tars.map((tar) => inputOf(tar)), owner: 'image:1' });
    const ids = chainIDs(tars.map(diffIDOf));
    assert.deepEqual(
      layers.map(({ createdAt: _, ...layer }) => layer),
      tars.map((tar, at) => ({
        chainID: ids[at],
        diffID: diffIDOf(tar),
        parent: ids[at - 1],
        sizeBytes: [9, 7][at],
        tarSizeBytes: tar.length,
        depth: at + 1,
      })),
    );
    for (const layer of layers) {
      assert.deepEqual(await given.store.layer(layer.chainID), layer);
      assert.ok(layer.createdAt.getTime() >= before);
    }
    assert.equal(await given.store.layer(chainIDs([diffIDOf(tars[1])])[0] as never), undefined);
    await given.assertClean();
  });

  for (const [name, pack] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    ['no compression', (bytes: Buffer) => bytes],
  ] as const) {
    bench.test(`readTar() gives back bit for bit what came with ${name}`, async (given) => {
      // Bytes after the end of the archive belong to the diffID too.
      const tar = Buffer.concat([
        await tarOf({ ...BASE, big: { content: Buffer.alloc(300_000, 'x') } }),
        Buffer.alloc(7680),
      ]);
      const [layer] = await given.store.apply({ layers: [inputOf(tar, { open: () => slowly(pack(tar)) })] });
      assert.ok(layer);
      for (const verifies of [true, false]) {
        const back = await readAll(given.store.readTar(layer.chainID, { verifies }));
        assert.equal(diffIDOf(back), diffIDOf(tar));
        assert.equal(back.length, tar.length);
      }
    });
  }

  bench.test('apply() opens nothing that is there, and says so', async (given) => {
    const tars = [await tarOf(BASE), await tarOf(APP), await tarOf({ top: 'new' })];
    await given.store.apply({ layers: tars.slice(0, 2).map((tar) => inputOf(tar)) });
    const opened: number[] = [];
    const states: LayerProgress['state'][][] = [[], [], []];
    const layers = await given.store.apply({
      layers: tars.map((tar, at) =>
        inputOf(tar, {
          open: () => {
            opened.push(at);
            return bytesOf(tar);
          },
          onProgress: ({ state }) => {
            if (states[at]?.at(-1) !== state) states[at]?.push(state);
          },
        }),
      ),
    });
    assert.deepEqual(opened, [2]);
    assert.deepEqual(states, [['exists'], ['exists'], ['applying', 'applied', 'committed']]);
    assert.equal(layers.length, 3);
  });

  bench.test('apply() of a layer without a diffID takes what comes', async (given) => {
    const [base, app] = [await tarOf(BASE), await tarOf(APP)];
    const layers = await given.store.apply({
      layers: [{ open: () => bytesOf(base) }, inputOf(app)],
      owner: 'imported',
    });
    assert.deepEqual(
      layers.map(({ chainID }) => chainID),
      chainIDs([diffIDOf(base), diffIDOf(app)]),
    );
    const again = await given.store.apply({ layers: [{ open: () => bytesOf(base) }], owner: 'again' });
    assert.deepEqual(again[0], layers[0]);
    assert.deepEqual(await given.onDisk(), { keys: 2, garbage: 0, tarSplits: 2 });
  });

  bench.test('apply() lays a stack on a parent', async (given) => {
    const [base] = await given.image([BASE]);
    assert.ok(base);
    const app = await tarOf(APP);
    const [layer] = await given.store.apply({ parent: base.chainID, layers: [inputOf(app)] });
    assert.equal(layer?.chainID, chainIDs([base.diffID, diffIDOf(app)])[1]);
    await assert.rejects(given.store.apply({ parent: layer?.diffID as never, layers: [inputOf(app)] }), {
      code: 'LAYER_UNKNOWN',
    });
  });

  bench.test('a stack shows what its layers add, replace and delete', async (given) => {
    const layers = await given.image([
      BASE,
      APP,
      { 'bin/sh': { content: 'better shell', mode: 0o700 }, 'app/': { mode: 0o711, uid: 7 } },
    ]);
    const lines = await given.list(layers[2]?.chainID as never);
    assert.deepEqual(
      lines.map((line) => line.replace(/(file \d+) \w+/, '$1')),
      [
        '"" directory 0755 0:0',
        '"app" directory 0711 7:0',
        '"app/main" file 7 0644 0:0',
        '"bin" directory 0755 0:0',
        '"bin/sh" file 12 0700 0:0',
        '"etc" directory 0755 0:0',
      ],
    );
  });

  bench.test(
    'usrmerge, implied parent: a layer lands where the links of the layers below lead',
    async (given) => {
      const layers = await given.image([
        {
          'usr/': {},
          'usr/lib/': { mode: 0o751, uid: 3, gid: 4 },
          lib: { type: 'symlink', linkPath: 'usr/lib' },
          'etc/': { mode: 0o711, uid: 5 },
        },
        // No entry for lib/, lib/deep/ and etc/: whoever made this tar left them out.
        { 'lib/deep/file': 'through the link', 'etc/conf': 'x' },
      ]);
      const lines = await given.list(layers[1]?.chainID as never);
      assert.deepEqual(
        lines.map((line) => line.replace(/(file \d+) \w+/, '$1')),
        [
          '"" directory 0755 0:0',
          '"etc" directory 0711 5:0',
          '"etc/conf" file 1 0644 0:0',
          '"lib" symlink "usr/lib" 0777 0:0',
          '"usr" directory 0755 0:0',
          '"usr/lib" directory 0751 3:4',
          '"usr/lib/deep" directory 0755 0:0',
          '"usr/lib/deep/file" file 16 0644 0:0',
        ],
      );
      await given.assertClean();
    },
  );

  bench.test('a hard link to a file of a layer below is that file', async (given) => {
    const layers = await given.image([
      { 'data/': {}, 'data/file': { content: 'below', mode: 0o640, uid: 9 } },
      { 'data/link': { type: 'hardlink', linkPath: 'data/file' } },
    ]);
    const lines = await given.list(layers[1]?.chainID as never);
    assert.match(lines.find((line) => line.startsWith('"data/link"')) ?? '', /file 5 \w+ 0640 9:0/);
    await given.assertClean();
  });

  bench.test('two calls for the same layers at once share the work', async (given) => {
    const tars = [await tarOf(BASE), await tarOf(APP)];
    const opened: string[] = [];
    const call = (name: string) =>
      given.store.apply({
        owner: name,
        layers: tars.map((tar, at) =>
          inputOf(tar, {
            open: () => {
              opened.push(`${name} ${at}`);
              return slowly(tar, 512);
            },
          }),
        ),
      });
    const results = await Promise.all([call('one'), call('two'), call('three')]);
    assert.deepEqual(results[1], results[0]);
    assert.deepEqual(results[2], results[0]);
    assert.deepEqual(opened.sort(), ['one 0', 'one 1']);
    assert.deepEqual(await given.onDisk(), { keys: 2, garbage: 0, tarSplits: 2 });
    await given.store.removeOwner('one');
    await given.store.removeOwner('three');
    assert.equal((await given.store.sweep()).layers.length, 0, 'two still owns them');
    assert.equal((await given.store.removeOwner('two')).length, 2);
  });

  bench.test('one of two callers that share the work gives up: the other gets its layers', async (given) => {
    const tars = [await tarOf(BASE), await tarOf(APP)];
    const gate = Promise.withResolvers<void>();
    const layers = tars.map((tar) =>
      inputOf(tar, {
        open: async function* () {
          yield tar.subarray(0, 512);
          await gate.promise;
          yield tar.subarray(512);
        },
      }),
    );
    const controller = new AbortController();
    const first = given.store.apply({ layers, signal: controller.signal });
    const second = given.store.apply({ layers, owner: 'second' });
    await wait(20);
    controller.abort();
    await assert.rejects(first, { name: 'AbortError' });
    gate.resolve();
    assert.equal((await second).length, 2);
    await given.assertClean();
  });

  bench.test('an abort leaves nothing, and the next call succeeds', async (given) => {
    const tars = [await tarOf(BASE), await tarOf(APP)];
    const controller = new AbortController();
    const cut = given.store.apply({
      signal: controller.signal,
      layers: [
        inputOf(tars[0] as Buffer, { open: ({ signal }) => never(signal) }),
        inputOf(tars[1] as Buffer),
      ],
    });
    setTimeout(() => controller.abort(), 100);
    await assert.rejects(cut, { name: 'AbortError' });
    assert.deepEqual(await given.onDisk(), { keys: 0, garbage: 0, tarSplits: 0 });
    const layers = await given.store.apply({ layers: tars.map((tar) => inputOf(tar)) });
    assert.equal(layers.length, 2);
    await given.assertClean();
  });

  bench.test('who shares a source that ends with its caller goes on with an own one', async (given) => {
    const tars = [await tarOf(BASE), await tarOf(APP)];
    const controller = new AbortController();
    const { signal } = controller;
    const first = given.store.apply({
      layers: tars.map((tar) => inputOf(tar, { open: () => never(signal) })),
      signal,
    });
    await wait(100);
    const second = given.store.apply({ layers: tars.map((tar) => inputOf(tar)), owner: 'second' });
    await wait(20);
    controller.abort();
    await assert.rejects(first, { name: 'AbortError' });
    assert.equal((await second).length, 2);
    await given.assertClean();
    assert.deepEqual(await given.onDisk(), { keys: 2, garbage: 0, tarSplits: 2 });
  });

  bench.test('what was given up can be asked for again at once', async (given) => {
    const tars = [await tarOf(BASE), await tarOf(APP)];
    for (let round = 0; round < 4; round++) {
      const controller = new AbortController();
      const slow = tars.map((tar) => inputOf(tar, { open: ({ signal }) => never(signal) }));
      const first = given.store.apply({ layers: slow, signal: controller.signal });
      if (round > 0) await wait(40 * round);
      controller.abort();
      const again = given.store.apply({ layers: tars.map((tar) => inputOf(tar)), owner: 'again' });
      await assert.rejects(first, { name: 'AbortError' });
      assert.equal((await again).length, 2);
      await given.assertClean();
      assert.equal((await given.store.removeOwner('again')).length, 2);
      assert.deepEqual(await given.onDisk(), { keys: 0, garbage: 0, tarSplits: 0 });
    }
  });

  bench.test(
    'a source that fails in the middle leaves nothing of its layer and those on it',
    async (given) => {
      const tars = [await tarOf(BASE), await tarOf(APP), await tarOf({ top: '' })];
      const failing = given.store.apply({
        layers: tars.map((tar, at) =>
          at !== 1
            ? inputOf(tar)
            : inputOf(tar, {
                open: async function* () {
                  yield tar.subarray(0, 700);
                  await wait(50);
                  throw new Error('connection reset');
                },
              }),
        ),
      });
      await assert.rejects(failing, /connection reset/);
      const { keys, garbage, tarSplits } = await given.onDisk();
      // The lowest may have been committed by then: it was whole.
      assert.ok(keys <= 1 && tarSplits <= 1 && garbage === 0);
      await given.store.sweep();
      assert.deepEqual(await given.onDisk(), { keys: 0, garbage: 0, tarSplits: 0 });
    },
  );

  bench.test('twelve images at once, some alike, are all whole', async (given) => {
    const specs = Array.from({ length: 12 }, (_, index): TreeSpec[] => [
      BASE,
      { 'shared/': {}, [`shared/${index % 3}`]: 'x'.repeat(50_000) },
      { [`own-${index}`]: String(index) },
    ]);
    const images = await Promise.all(specs.map((spec, index) => given.image(spec, `image:${index}`)));
    assert.deepEqual(await given.onDisk(), { keys: 1 + 3 + 12, garbage: 0, tarSplits: 16 });
    assert.equal(new Set(images.map((layers) => layers[1]?.chainID)).size, 3);
    await given.assertClean();
  });

  bench.test(
    'apply() begins with the largest layer, unless one needs the one below to be whole',
    async (given) => {
      const large = 6;
      const specs = Array.from({ length: 8 }, (_, at): TreeSpec => {
        return { [`file-${at}`]: 'x'.repeat(at === large ? 90_000 : 1) };
      });
      const tars = await Promise.all(specs.map(tarOf));
      const opened: number[] = [];
      const layers = tars.map((tar, at) =>
        inputOf(tar, {
          sizeBytes: tar.length,
          open: () => {
            opened.push(at);
            return bytesOf(tar);
          },
        }),
      );
      await given.store.apply({ layers });
      // Those that are begun at once, four at most, come in any order.
      if (given.store.driverAbilities.form.form === 'changes')
        assert.ok(opened.indexOf(large) < 4, opened.join());
      else assert.deepEqual(opened, [...tars.keys()]);
      assert.deepEqual(opened.toSorted(), [...tars.keys()]);
      await given.assertClean();
    },
  );

  bench.test('an empty layer is a layer', async (given) => {
    const layers = await given.image([BASE, {}, { after: '' }]);
    assert.equal(layers[1]?.sizeBytes, 0);
    assert.ok((await given.list(layers[2]?.chainID as never)).some((line) => line.startsWith('"bin/sh"')));
    await given.assertClean();
  });
}
