import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TreeSpec, tarOf } from '../../testing/layer-tars.ts';
import { diffIDOf, inputOf, type StoreBench } from './store-bench.ts';

/** Tars that try to get out of their layer; the unpacker's own tests have the rest of them. */
const HOSTILE: Readonly<Record<string, (outside: string) => TreeSpec>> = {
  'a name that climbs out': (outside) => ({ [`../../../../../../../../..${outside}/file`]: 'hostile' }),
  'a name behind a climbing folder': (outside) => ({
    'a/': {},
    [`a/../../../../../../../..${outside}/file`]: 'hostile',
  }),
  'a file through a symlink of the same layer': (outside) => ({
    way: { type: 'symlink', linkPath: outside },
    'way/file': 'hostile',
  }),
  'a file through a relative symlink': (outside) => ({
    way: { type: 'symlink', linkPath: `../../../../../../../../..${outside}` },
    'way/file': 'hostile',
  }),
  'a file through /proc': () => ({
    way: { type: 'symlink', linkPath: '/proc/self/root/tmp' },
    'way/hostile': 'hostile',
  }),
  'a hard link to a file outside': (outside) => ({
    link: { type: 'hardlink', linkPath: `../../../../../../../../..${outside}/file` },
  }),
  'a whiteout through a symlink': (outside) => ({
    way: { type: 'symlink', linkPath: outside },
    'way/.wh.file': '',
  }),
  'a whiteout of the folder above': () => ({ '.wh...': '' }),
  'a root that is a symlink': (outside) => ({
    './': {},
    '.': { type: 'symlink', linkPath: outside },
    file: 'hostile',
  }),
};

/** What is wrong is refused, named, and leaves nothing. */
export function refusalCases(bench: StoreBench): void {
  bench.test(
    'a layer with other bytes than its diffID says is refused, and so are those on it',
    async (given) => {
      const [base, other] = [await tarOf({ base: 'x' }), await tarOf({ other: 'y' })];
      const layers = [
        inputOf(base),
        { ...inputOf(other), diffID: diffIDOf(Buffer.from('z')) },
        inputOf(base),
      ];
      await assert.rejects(
        given.store.apply({ layers }),
        (error: Error & { code?: string; hint?: string }) => {
          assert.equal(error.code, 'DIFF_ID_MISMATCH');
          assert.match(error.message, new RegExp(`expected diffID "sha256:.*", got "${diffIDOf(other)}"`));
          assert.ok(error.hint);
          return true;
        },
      );
      await given.store.sweep();
      assert.deepEqual(await given.onDisk(), { keys: 0, garbage: 0, tarSplits: 0 });
    },
  );

  for (const [name, spec] of Object.entries(HOSTILE)) {
    bench.test(`${name} reaches nothing outside`, async (given) => {
      const outside = join(given.scratch.path, 'outside');
      await mkdir(outside);
      await writeFile(join(outside, 'file'), 'sentinel');
      const layers = [
        {
          open: async function* () {
            yield await tarOf(spec(outside));
          },
        },
      ];
      try {
        const [layer] = await given.store.apply({ layers });
        // Taken in, it stays inside: what it names is looked for in its own root.
        assert.ok(layer);
        await given.containerOn('c', layer.chainID);
        await given.removeContainer('c');
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'LAYER_REFUSED', String(error));
        assert.deepEqual(await given.onDisk(), { keys: 0, garbage: 0, tarSplits: 0 });
      }
      assert.equal(await readFile(join(outside, 'file'), 'utf8'), 'sentinel');
      assert.equal(existsSync('/tmp/hostile'), false);
    });
  }

  bench.test('a symlink of a lower layer leads the next one nowhere else', async (given) => {
    const outside = join(given.scratch.path, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'file'), 'sentinel');
    try {
      await given.image([{ way: { type: 'symlink', linkPath: outside } }, { 'way/file': 'hostile' }]);
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'LAYER_REFUSED');
    }
    assert.equal(await readFile(join(outside, 'file'), 'utf8'), 'sentinel');
  });

  bench.test("overlayfs's own xattrs in a tar hide nothing", async (given) => {
    const xattrs = new Map([['trusted.overlay.opaque', Buffer.from('y')]]);
    const layers = await given
      .image([{ 'd/': {}, 'd/below': 'x' }, { 'd/': { xattrs } }])
      .catch((error: unknown) => {
        assert.equal((error as { code?: string }).code, 'LAYER_REFUSED');
        return undefined;
      });
    if (layers === undefined) return;
    assert.ok((await given.list(layers[1]?.chainID as never)).some((line) => line.startsWith('"d/below"')));
  });

  for (const [name, bytes] of [
    ['noise', randomBytes(20_000)],
    ['a cut gzip', Buffer.from('1f8b080000000000000363', 'hex')],
    ['a cut tar', Buffer.concat([Buffer.from('a'.padEnd(100, '\0')), Buffer.alloc(10)])],
  ] as const) {
    bench.test(`${name} instead of a layer fails cleanly`, async (given) => {
      const layers = [
        {
          open: async function* () {
            yield bytes;
          },
        },
      ];
      await assert.rejects(given.store.apply({ layers }), (error: Error & { code?: string }) => {
        assert.match(error.code ?? '', /TAR_INVALID|COMPRESSION_INVALID|LAYER_REFUSED/);
        return true;
      });
      assert.deepEqual(await given.onDisk(), { keys: 0, garbage: 0, tarSplits: 0 });
    });
  }

  bench.test(
    'more layers than the driver stacks are refused before anything is opened',
    async (given, context) => {
      const tar = await tarOf({ a: 'x' });
      const [base] = await given.store.apply({ layers: [inputOf(tar)] });
      const layers = Array.from({ length: 5000 }, () => ({
        open: () => {
          throw new Error('opened');
        },
      }));
      await assert
        .rejects(given.store.apply({ parent: base?.chainID as never, layers }), { code: 'TOO_MANY_LAYERS' })
        .catch((error: Error) => {
          // A driver without a limit begins, and fails as the source does.
          if (!/opened/.test(String((error as { actual?: Error }).actual ?? error))) throw error;
          context.diagnostic('this driver stacks any number');
        });
    },
  );

  bench.test('a full disk gives DISK_FULL with what is free, and leaves nothing', async (given) => {
    const root = join(given.scratch.path, 'small');
    await mkdir(root);
    await bench.place.mountSmall(root, { bytes: 6 << 20 });
    await given.reopen({ root });
    const [little, large] = [
      await tarOf({ small: 'x' }),
      await tarOf({ large: { content: randomBytes(8 << 20) } }),
    ];
    await assert.rejects(
      given.store.apply({ layers: [inputOf(little), inputOf(large)] }),
      (error: Error & { code?: string; hint?: string; class?: string }) => {
        assert.equal(error.code, 'DISK_FULL');
        assert.equal(error.class, 'resourceExhausted');
        assert.match(`${error.message} ${error.hint}`, /bytes|MB|KB/);
        return true;
      },
    );
    await given.store.sweep();
    assert.deepEqual(await given.store.check({ deep: true }), []);
    const usage = await given.store.usage();
    assert.equal(usage.leftoverBytes, 0);
    assert.equal(usage.layers.length, 0);
    // And goes on once there is room.
    await bench.place.makeRoom(root);
    const layers = await given.store.apply({ layers: [inputOf(little)] });
    assert.equal(layers.length, 1);
    await given.store[Symbol.asyncDispose]();
  });

  for (const name of ['', 'a\nb', 'x'.repeat(600)]) {
    bench.test(`the name ${JSON.stringify(name.slice(0, 8))} is refused`, async (given) => {
      await assert.rejects(given.store.createContainerLayer(name, {}), { code: 'NAME_INVALID' });
      await assert.rejects(given.store.apply({ layers: [], owner: name }), { code: 'NAME_INVALID' });
    });
  }
}
