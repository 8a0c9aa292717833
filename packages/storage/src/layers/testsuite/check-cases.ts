import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  appendFile,
  chmod,
  chown,
  mkdir,
  readdir,
  rm,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { syncFileSystem } from '@berth/linux';
import type { LayerKey } from '../../drivers/interface.ts';
import { newLayerKey } from '../../drivers/keys.ts';
import type { TreeSpec } from '../../testing/layer-tars.ts';
import { keysOnDisk, takeFromDisk } from '../../testing/on-disk.ts';
import type { StoreBench, StoreUnderTest } from './store-bench.ts';

const IMAGE: readonly TreeSpec[] = [
  { 'etc/': {}, 'etc/conf': 'a=1' },
  { 'bin/': {}, 'bin/tool': 'x'.repeat(5000) },
];

const DEVICE = { type: 'char', devMajor: 1, devMinor: 3 } as const;

/** Finds the layer that has a file, and lets `edit` change it behind the store's back. */
async function inLayer(
  given: StoreUnderTest,
  path: string,
  edit: (file: string) => Promise<void> = async () => {},
): Promise<LayerKey> {
  for (const key of keysOnDisk(given.home)) {
    if (key.endsWith('-init')) continue;
    await using folder = await given.driver.open(key);
    const file = join(folder.path, path);
    if (!existsSync(file)) continue;
    await edit(file);
    return key;
  }
  throw new Error(`No layer has ${path}`);
}

/** A layer that the database knows nothing of. */
async function makeOrphan(given: StoreUnderTest): Promise<void> {
  await given.driver.create(newLayerKey(), { isWritable: false });
}

function namesOf(
  problems: readonly { readonly problem: string; readonly isRepaired: boolean }[],
): readonly string[] {
  return problems.map(({ problem, isRepaired }) => `${problem}${isRepaired ? ' repaired' : ''}`);
}

/** What is wrong is found, told apart, and mended where no byte has to be invented. */
export function checkCases(bench: StoreBench): void {
  bench.test('check() of a store in use is clean', async (given) => {
    await given.container('c', IMAGE);
    await given.assertClean();
    await given.removeContainer('c');
    await given.assertClean();
  });

  bench.test('check() looks deep at layers that say things in odd ways, and finds nothing', async (given) => {
    await given.image(
      [
        {
          'usr/lib/': {},
          lib: { type: 'symlink', linkPath: 'usr/lib' },
          'dev/null': DEVICE,
          'etc/conf': 'a',
        },
        {
          // The root; names of a symlink and of a device; symlinks of the layer below and of this one on the way.
          './': { mode: 0o711 },
          'a-link': { type: 'hardlink', linkPath: 'lib' },
          'z-null': { type: 'hardlink', linkPath: 'dev/null' },
          'lib/below': 'b',
          own: { type: 'symlink', linkPath: 'srv/here' },
          'srv/here/': {},
          'own/file': 'f',
          'own/linked': { type: 'hardlink', linkPath: 'etc/conf' },
        },
        { './': {}, 'srv/.wh..wh..opq': '', 'lib/.wh.below': '' },
      ],
      'image',
    );
    await given.assertClean();
  });

  bench.test('check() finds a layer whose folder is gone', async (given) => {
    const layers = await given.image(IMAGE, 'image');
    const key = await inLayer(given, 'bin/tool');
    await takeFromDisk(given.home, key);
    const [problem, ...rest] = await given.store.check({ repair: true });
    assert.deepEqual(rest, []);
    assert.equal(problem?.problem, 'layer-missing');
    assert.equal(problem?.subject, layers[1]?.chainID);
    assert.equal(problem?.isRepaired, false);
    assert.match(problem?.detail ?? '', /pull/);
    // And what it tells to do helps.
    await given.store.removeOwner('image');
    await given.image(IMAGE, 'image');
    await given.assertClean();
  });

  bench.test('check() finds a layer without its tar-split, which cannot be pushed', async (given) => {
    const layers = await given.image(IMAGE, 'image');
    const key = await inLayer(given, 'bin/tool');
    await unlink(join(given.root, 'tar-split', key));
    const [problem] = await given.store.check();
    assert.equal(problem?.problem, 'layer-incomplete');
    assert.equal(problem?.subject, layers[1]?.chainID);
  });

  for (const [name, edit] of [
    ['bytes changed', (file: string) => writeFile(file, 'y'.repeat(5000))],
    ['grew', (file: string) => appendFile(file, 'more')],
    ['is gone', (file: string) => unlink(file)],
    ['has another mode', (file: string) => chmod(file, 0o600)],
    ['has another owner', (file: string) => chown(file, 1, 1)],
    ['has another time', (file: string) => utimes(file, 1, 1)],
    ['has company', (file: string) => writeFile(`${file}-2`, 'new')],
  ] as const) {
    bench.test(`check() finds a file that ${name}, only when it looks deep`, async (given) => {
      const layers = await given.image(IMAGE, 'image');
      await inLayer(given, 'bin/tool', edit);
      assert.deepEqual(await given.store.check(), []);
      const problems = await given.store.check({ deep: true });
      assert.deepEqual(namesOf(problems), ['layer-modified']);
      assert.equal(problems[0]?.subject, layers[1]?.chainID);
      assert.match(problems[0]?.detail ?? '', /bin\/tool|diffID/);
    });
  }

  bench.test(
    'check() finds folders, garbage and files that nobody knows, and removes them',
    async (given) => {
      await given.image(IMAGE, 'image');
      await makeOrphan(given);
      await mkdir(join(given.home, 'garbage', `${newLayerKey()}.0`));
      await writeFile(join(given.root, 'tar-split', newLayerKey()), 'x');
      assert.deepEqual(namesOf(await given.store.check()).toSorted(), [
        'layer-orphaned',
        'leftover',
        'leftover',
      ]);
      assert.ok((await given.store.usage()).leftoverBytes > 0);
      const mended = namesOf(await given.store.check({ repair: true })).toSorted();
      assert.deepEqual(mended, ['layer-orphaned repaired', 'leftover repaired', 'leftover repaired']);
      await given.assertClean();
      assert.deepEqual(await given.onDisk(), { keys: 2, garbage: 0, tarSplits: 2 });
    },
  );

  bench.test(
    'what is orphaned stays when the store is opened: a lost database costs no data',
    async (given) => {
      await given.image(IMAGE, 'image');
      await given.store[Symbol.asyncDispose]();
      for (const name of await readdir(given.root)) {
        if (name.startsWith('storage.db')) await rm(join(given.root, name));
      }
      await given.reopen();
      assert.equal((await given.onDisk()).keys, 2);
      assert.deepEqual(namesOf(await given.store.check()).toSorted(), [
        'layer-orphaned',
        'layer-orphaned',
        'leftover',
        'leftover',
      ]);
      await given.store.check({ repair: true });
      assert.deepEqual(await given.onDisk(), { keys: 0, garbage: 0, tarSplits: 0 });
    },
  );

  bench.test('check() links a layer anew whose link was lost or leads elsewhere', async (given, context) => {
    const layers = await given.image([...IMAGE, { top: 't' }], 'image');
    const key = await inLayer(given, 'top');
    const link = join(given.home, key, 'parent');
    if (!existsSync(link)) return context.skip('this driver keeps no links');
    for (const breakIt of [
      () => unlink(link),
      () => unlink(link).then(() => symlink(`../${newLayerKey()}`, link)),
      () => unlink(link).then(() => symlink('/etc', link)),
      () => unlink(link).then(() => writeFile(link, '')),
    ]) {
      await breakIt();
      assert.deepEqual(namesOf(await given.store.check()), ['layer-unlinked']);
      assert.deepEqual(namesOf(await given.store.check({ repair: true })), ['layer-unlinked repaired']);
      await given.assertClean();
    }
    const lines = await given.list(layers[2]?.chainID as never);
    assert.ok(lines.some((line) => line.startsWith('"etc/conf"')));
  });

  bench.test('check() makes an init layer anew', async (given) => {
    await given.container('c', IMAGE);
    await given.store.unmount('c');
    const init = keysOnDisk(given.home).find((key) => key.endsWith('-init')) as LayerKey;
    await takeFromDisk(given.home, init);
    assert.deepEqual(namesOf(await given.store.check()), ['layer-missing']);
    assert.deepEqual(namesOf(await given.store.check({ repair: true })), ['layer-missing repaired']);
    await given.assertClean();
    const root = await given.store.mount('c');
    assert.ok(existsSync(`${root}/etc/hosts`));
    assert.deepEqual(await given.store.changes('c'), []);
    await given.removeContainer('c');
  });

  bench.test('a container layer that is gone is told, by check() and by mount()', async (given) => {
    const root = await given.container('c', IMAGE);
    await writeFile(`${root}/mine`, 'x');
    await given.store.unmount('c');
    const key = await inLayer(given, 'mine');
    await takeFromDisk(given.home, key);
    const [problem] = await given.store.check({ repair: true });
    assert.deepEqual([problem?.problem, problem?.subject], ['container-layer-missing', 'c']);
    await assert.rejects(given.store.mount('c'), { code: 'CONTAINER_LAYER_DAMAGED' });
    await given.removeContainer('c');
    await given.assertClean();
  });

  bench.test('usage() adds up with the disk', async (given) => {
    const root = await given.container('c', [
      ...IMAGE,
      { 'big/': {}, 'big/file': { content: Buffer.alloc(3 << 20, 'b') } },
    ]);
    await writeFile(`${root}/written`, Buffer.alloc(2 << 20, 'w'));
    await given.store.unmount('c');
    await makeOrphan(given);
    await mkdir(join(given.home, 'garbage', 'x'));
    const usage = await given.store.usage();
    const sum = [...usage.layers, ...usage.containerLayers].reduce(
      (bytes, { diskBytes }) => bytes + diskBytes,
      0,
    );
    const du = spawnSync('du', ['--summarize', '--block-size=1', given.root], { encoding: 'utf8' });
    const all = sum + usage.leftoverBytes + usage.overheadBytes;
    const seen = Number(du.stdout.split('\t')[0]);
    // Where layers share blocks du counts them again and again: each is as large as what was put into it, and not larger.
    if (given.store.driverAbilities.sharesBlocks)
      assert.ok(all > 5 << 20 && all < 7 << 20 && all < seen, `${all} of ${seen}`);
    else assert.equal(all, seen);
    assert.deepEqual(
      usage.layers.map(({ owners }) => owners),
      [[], [], ['image:c']],
    );
    assert.deepEqual(usage.layers[2]?.containers, ['c']);
    await given.removeContainer('c');
  });

  bench.test(
    'usage() where layers share blocks: each has what it brought, however soon',
    async (given, context) => {
      if (given.store.driverAbilities.sharesBlocks !== true) return context.skip('layers share no blocks');
      const size = 1 << 20;
      const specs = Array.from({ length: 20 }, (_, at) => ({
        [`large-${at}`]: { content: Buffer.alloc(size, `${at}`) },
      }));
      const layers = await given.image(specs, 'image');
      const root = await given.containerOn('a', layers.at(-1)?.chainID);
      await given.containerOn('b', layers.at(-1)?.chainID);
      await writeFile(`${root}/large-0`, 'X', { flag: 'r+', flush: true });
      syncFileSystem(root);
      const usage = await given.store.usage();
      for (const { diskBytes } of usage.layers) {
        assert.ok(diskBytes >= size && diskBytes < size + (64 << 10), `a layer takes ${diskBytes} bytes`);
      }
      const [a, b] = usage.containerLayers.map(({ diskBytes }) => diskBytes);
      // One block of the file, or of the pool that the layer lies in, and the folders.
      assert.ok(a !== undefined && b !== undefined && b <= 64 << 10, `who changed nothing takes ${b} bytes`);
      assert.ok(a > b && a <= 256 << 10, `who changed a byte takes ${a} bytes`);
      for (const name of ['a', 'b']) await given.removeContainer(name);
    },
  );
}
