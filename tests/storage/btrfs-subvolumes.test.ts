import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  createSubvolume,
  destroySubvolume,
  fileExtents,
  makeSubvolumeWritable,
  setImmutable,
  syncFileSystem,
} from '@berth/linux';
import { digestBytes, makeTarEntry, writeTar } from '@berth/oci';
import { type LayerStore, openLayerStore } from '@berth/storage';
import { Scratch } from '@berth/storage/testsuite';
import { storageProgram } from '../lab/file-systems.ts';
import { debianFileSystem } from './places.ts';

const { skip, place } = await debianFileSystem('btrfs');
const btrfs = await storageProgram('btrfs');

function run(...args: readonly string[]): void {
  const [program = '', ...before] = btrfs;
  execFileSync(program, [...before, ...args]);
}

function makeReadonly(subvolume: string): void {
  run('property', 'set', subvolume, 'ro', 'true');
}

/** Paths of all subvolumes below a folder, by the program of btrfs itself. It may end at one that it cannot name: "deep". */
function subvolumes(folder: string): readonly string[] {
  const [program = '', ...before] = btrfs;
  const listed = spawnSync(program, [...before, 'subvolume', 'list', folder], { encoding: 'utf8' });
  if (listed.stderr.includes('File name too long')) return [...subvolumesOf(listed.stdout, folder), 'deep'];
  assert.equal(listed.status, 0, listed.stderr);
  return subvolumesOf(listed.stdout, folder);
}

function subvolumesOf(list: string, folder: string): readonly string[] {
  const base = `${folder.slice((place?.path.length ?? 0) + 1)}/`;
  const paths = list
    .trim()
    .split('\n')
    .map((line) => line.replace(/^.* path /, ''));
  return paths.filter((path) => path.startsWith(base));
}

async function withImage(
  scratch: Scratch,
  {
    files = { file: Buffer.from('x') },
    driver = 'btrfs',
  }: { readonly files?: Readonly<Record<string, Buffer>>; readonly driver?: 'btrfs' | 'vfs' } = {},
) {
  const store = await openLayerStore({ root: join(scratch.path, 'storage'), driver });
  const inputs = Object.entries(files).map(([path, bytes]) => ({
    entry: makeTarEntry({ type: 'file', path, size: bytes.length }),
    content: [bytes],
  }));
  const tar = Buffer.concat(await Array.fromAsync(writeTar(inputs)));
  const layers = await store.apply({
    layers: [
      {
        diffID: digestBytes(tar) as never,
        open: async function* () {
          yield tar;
        },
      },
    ],
    owner: 'image',
  });
  return { store, parent: layers[0]?.chainID as NonNullable<(typeof layers)[0]>['chainID'] };
}

async function removeAll(store: LayerStore, scratch: Scratch): Promise<void> {
  await store.removeContainerLayer('c');
  await store.removeOwner('image');
  assert.deepEqual(subvolumes(scratch.path), []);
  assert.deepEqual(await store.check({ deep: true }), []);
  await store[Symbol.asyncDispose]();
}

/** What a container can do to make its layer hard to remove. */
const NESTED: Readonly<Record<string, (root: string, outside: string) => Promise<void>>> = {
  'one, and one in it, with files': async (root) => {
    await createSubvolume(`${root}/one`);
    mkdirSync(`${root}/one/folder`);
    await createSubvolume(`${root}/one/folder/two`);
    writeFileSync(`${root}/one/folder/two/file`, 'x');
  },
  'three hundred': async (root) => {
    mkdirSync(`${root}/many`);
    for (let index = 0; index < 300; index++) await createSubvolume(`${root}/many/${index}`);
  },
  'read-only ones': async (root) => {
    await createSubvolume(`${root}/locked`);
    await createSubvolume(`${root}/locked/inner`);
    for (const name of ['locked/inner', 'locked']) makeReadonly(`${root}/${name}`);
  },
  'immutable ones': async (root) => {
    await createSubvolume(`${root}/locked`);
    await createSubvolume(`${root}/locked/inner`);
    for (const name of ['locked/inner', 'locked']) setImmutable(`${root}/${name}`, true);
    setImmutable(root, true);
  },
  'one deeper than a path can name': async (root) => {
    const name = 'd'.repeat(200);
    const script = `i=0; while [ $i -lt 30 ]; do mkdir ${name} && cd -P ${name} || exit 1; i=$((i+1)); done; "$@" subvolume create deep`;
    const made = spawnSync('sh', ['-c', script, 'sh', ...btrfs], { cwd: root, encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
  },
  'read-only ones, with plain folders between them': async (root) => {
    await createSubvolume(`${root}/locked`);
    mkdirSync(`${root}/locked/plain/folder`, { recursive: true });
    await createSubvolume(`${root}/locked/plain/folder/inner`);
    writeFileSync(`${root}/locked/plain/folder/inner/file`, 'x');
    for (const name of ['locked/plain/folder/inner', 'locked']) makeReadonly(`${root}/${name}`);
  },
  'read-only and immutable ones': async (root) => {
    await createSubvolume(`${root}/locked`);
    mkdirSync(`${root}/locked/plain`);
    await createSubvolume(`${root}/locked/plain/inner`);
    for (const name of ['locked/plain/inner', 'locked/plain', 'locked'])
      setImmutable(`${root}/${name}`, true);
    for (const name of ['locked/plain/inner', 'locked']) makeReadonly(`${root}/${name}`);
  },
  'deep trees in them, and one that no path can name': async (root) => {
    for (const name of ['open', 'locked']) {
      await createSubvolume(`${root}/${name}`);
      mkdirSync(`${root}/${name}${'/d'.repeat(200)}`, { recursive: true });
      writeFileSync(`${root}/${name}${'/d'.repeat(200)}/file`, 'x');
      await createSubvolume(`${root}/${name}${'/d'.repeat(150)}/inner`);
    }
    makeReadonly(`${root}/locked${'/d'.repeat(150)}/inner`);
    makeReadonly(`${root}/locked`);
    await NESTED['one deeper than a path can name']?.(root, '');
  },
  'three hundred in each other': async (root) => {
    let path = root;
    for (let level = 0; level < 300; level++) {
      path = `${path}/s`;
      await createSubvolume(path);
    }
  },
  'odd names, and one that was moved': async (root) => {
    await createSubvolume(`${root}/new\nline`);
    await createSubvolume(`${root}/泊位`);
    mkdirSync(`${root}/a`);
    await createSubvolume(`${root}/a/moved`);
    renameSync(`${root}/a/moved`, `${root}/elsewhere`);
  },
  'one whose place a symlink has taken': async (root, outside) => {
    mkdirSync(`${root}/a`);
    await createSubvolume(`${root}/a/name`);
    renameSync(`${root}/a`, `${root}/b`);
    symlinkSync(outside, `${root}/a`);
  },
};

for (const driver of ['btrfs', 'vfs'] as const) {
  describe(`subvolumes that a container made, on btrfs with the driver ${driver}`, { skip }, () => {
    for (const [name, make] of Object.entries(NESTED)) {
      test(`go with its layer: ${name}`, async () => {
        await using scratch = await Scratch.make(place);
        const outside = join(scratch.path, 'outside');
        mkdirSync(outside);
        await createSubvolume(`${outside}/name`);
        writeFileSync(`${outside}/name/file`, 'stays');
        const { store, parent } = await withImage(scratch, { driver });
        const before = subvolumes(scratch.path);
        await store.createContainerLayer('c', { parent });
        const root = await store.mount('c');
        const withLayer = subvolumes(scratch.path);
        await make(root, outside);
        assert.notDeepEqual(subvolumes(scratch.path), withLayer);
        await store.usage();
        await store.removeContainerLayer('c');
        // The init layer stays for the next container of the image.
        assert.equal(
          subvolumes(scratch.path).length,
          driver === 'btrfs' ? withLayer.length - 1 : before.length,
        );
        assert.equal(readFileSync(`${outside}/name/file`, 'utf8'), 'stays');
        run('subvolume', 'delete', `${outside}/name`);
        await removeAll(store, scratch);
      });
    }
  });
}

describe('subvolumes of the driver btrfs', { skip }, () => {
  test('a read-only subvolume that a layer lies in is not made writable', async () => {
    await using scratch = await Scratch.make(place);
    const host = join(scratch.path, 'host');
    await createSubvolume(host);
    mkdirSync(`${host}/home/layer/plain`, { recursive: true });
    await createSubvolume(`${host}/home/layer/own`);
    await createSubvolume(`${host}/home/layer/own/inner`);
    makeReadonly(host);
    makeReadonly(`${host}/home/layer/own`);
    const outside = `${host}/home`;
    assert.equal(makeSubvolumeWritable(`${host}/home/layer/plain`, { outside }), false);
    await assert.rejects(destroySubvolume(`${host}/home/layer/own`), { code: 'EROFS' });
    assert.throws(() => writeFileSync(`${host}/file`, ''), { code: 'EROFS' });
    assert.deepEqual(readdirSync(`${host}/home/layer/own`), ['inner']);
    assert.equal(makeSubvolumeWritable(`${host}/home/layer/own`, { outside }), true);
    assert.equal(makeSubvolumeWritable(host, { outside: scratch.path }), true);
    assert.equal(makeSubvolumeWritable(host, { outside: scratch.path }), false);
  });

  test('what a container has in a subvolume of its own is part of its diff', async () => {
    await using scratch = await Scratch.make(place);
    const { store, parent } = await withImage(scratch);
    await store.createContainerLayer('c', { parent });
    const root = await store.mount('c');
    await createSubvolume(`${root}/own`);
    writeFileSync(`${root}/own/file`, 'x');
    assert.deepEqual(await store.changes('c'), [
      { kind: 'added', path: '/own' },
      { kind: 'added', path: '/own/file' },
    ]);
    const committed = await store.commit('c', { owner: 'image' });
    assert.ok(committed !== undefined);
    assert.ok(existsSync(`${root}/own/file`));
    await removeAll(store, scratch);
  });

  test('a diff reads no file that was not touched, and finds one that pretends so', async () => {
    await using scratch = await Scratch.make(place);
    const files = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`file-${index}`, Buffer.alloc(10_000, String(index))]),
    );
    const { store, parent } = await withImage(scratch, { files });
    await store.createContainerLayer('c', { parent });
    const root = await store.mount('c');
    const { mtimeMs, atimeMs } = statSync(`${root}/file-7`);
    writeFileSync(`${root}/file-7`, 'X', { flag: 'r+' });
    utimesSync(`${root}/file-7`, atimeMs / 1000, mtimeMs / 1000);
    assert.deepEqual(await store.changes('c'), [{ kind: 'modified', path: '/file-7' }]);
    // A file that is read gets a time of reading that is later than its time of writing (relatime).
    const read = Object.keys(files).filter((name) => statSync(`${root}/${name}`).atimeMs !== atimeMs);
    assert.deepEqual(read, ['file-7']);
    const { atimeMs: before } = statSync(`${root}/file-8`);
    writeFileSync(`${root}/file-8`, 'a longer content', { flag: 'a' });
    assert.equal(await store.containerSize('c'), 20_000 + 16);
    assert.equal(statSync(`${root}/file-8`).atimeMs, before);
    await removeAll(store, scratch);
  });

  test('a changed byte of a large file takes a block, and usage() says so', async () => {
    await using scratch = await Scratch.make(place);
    const { store, parent } = await withImage(scratch, { files: { large: Buffer.alloc(64 << 20, 'l') } });
    await store.createContainerLayer('c', { parent });
    const root = await store.mount('c');
    const bytesOf = async () => (await store.usage()).containerLayers[0]?.diskBytes;
    assert.equal(await bytesOf(), 0);
    syncFileSystem(root);
    assert.ok(fileExtents(`${root}/large`).every(({ isShared }) => isShared));
    writeFileSync(`${root}/large`, 'X', { flag: 'r+', flush: true });
    syncFileSystem(root);
    assert.equal(await bytesOf(), 4096);
    assert.equal(statSync(`${root}/large`).size, 64 << 20);
    renameSync(`${root}/large`, `${root}/renamed`);
    assert.equal(await bytesOf(), 4096);
    writeFileSync(`${root}/new`, Buffer.alloc(1 << 20), { flush: true });
    assert.equal(await bytesOf(), 4096 + (1 << 20));
    truncateSync(`${root}/renamed`, 0);
    writeFileSync(`${root}/renamed`, Buffer.alloc(2 << 20, 'w'), { flush: true });
    assert.equal(await bytesOf(), 3 << 20);
    const { layers } = await store.usage();
    const image = layers[0]?.diskBytes ?? 0;
    assert.ok(image >= 64 << 20 && image < 65 << 20, `${image} bytes`);
    await removeAll(store, scratch);
  });
});
