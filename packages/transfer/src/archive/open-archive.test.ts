import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { decompress, digestHex, makeTarEntry, readTar, type TarInput, writeTar } from '@berth/oci';
import { type RandomImage, randomImage, randomIndex } from '@berth/oci/testing';
import { copyImage } from '../copy/copy-image.ts';
import { sourceOf, sourceOfIndex } from '../testing/images.ts';
import { mediumSuite } from '../testsuite.ts';
import { openArchiveSink } from './archive-sink.ts';
import { openArchive } from './open-archive.ts';

async function temporary(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'berth-archive-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

mediumSuite(
  'a docker-archive',
  async () => {
    const root = await temporary();
    const path = join(root.path, 'image.tar');
    return {
      sink: () => openArchiveSink({ path, repository: 'localhost:5000/team/app' }),
      source: () => openArchive({ path }),
      leftovers: async () => (await readdir(root.path)).filter((name) => name !== 'image.tar'),
      [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
    };
  },
  { keepsManifests: false },
);

async function plainLayers(image: RandomImage): Promise<Buffer[]> {
  return Promise.all(
    image.layers.map(async ({ digest }) => {
      const bytes = image.blobs.get(digest) as Uint8Array;
      const chunks = await Array.fromAsync(decompress(sourceBytes(bytes)));
      return Buffer.concat(chunks);
    }),
  );
}

async function* sourceBytes(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function file(path: string, content: string | Uint8Array): TarInput {
  const bytes = Buffer.from(content as Uint8Array);
  return { entry: makeTarEntry({ type: 'file', path, size: bytes.length }), content: [bytes] };
}

function symlink(path: string, linkPath: string): TarInput {
  return { entry: makeTarEntry({ type: 'symlink', path, linkPath }) };
}

async function tarOf(entries: readonly TarInput[]): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(writeTar(entries)));
}

function configOf(image: RandomImage): Buffer {
  return Buffer.from(image.blobs.get(image.manifest.config.digest) as Uint8Array);
}

test('openArchive() reads the names docker gave before 25: folders, json, links between equal layers', async () => {
  await using root = await temporary();
  const image = await randomImage({ seed: 'old docker', layers: 2 });
  const [first, second] = (await plainLayers(image)) as [Buffer, Buffer];
  const config = configOf(image);
  const name = `${digestHex(image.manifest.config.digest)}.json`;
  const entries = [
    { entry: makeTarEntry({ type: 'directory', path: 'aaa/' }) },
    file('aaa/VERSION', '1.0'),
    file('aaa/json', '{}'),
    symlink('aaa/layer.tar', '../bbb/layer.tar'),
    file('bbb/layer.tar', first),
    file('ccc/layer.tar', second),
    file(name, config),
    file(
      'manifest.json',
      JSON.stringify([
        {
          Config: name,
          RepoTags: ['app:1', 'docker.io/library/app:2'],
          Layers: ['aaa/layer.tar', 'ccc/layer.tar'],
        },
      ]),
    ),
    file('repositories', '{}'),
  ];
  const plain = await tarOf(entries);
  for (const bytes of [plain, gzipSync(plain)]) {
    const path = join(root.path, 'saved.tar');
    await writeFile(path, bytes);
    await using source = await openArchive({ path });
    for (const reference of ['app:1', 'docker.io/library/app:1', '1', 'app:2', '@0', undefined]) {
      assert.equal((await source.resolve(reference)).size > 0, true);
    }
    assert.deepEqual(await Array.fromAsync(source.tags()), ['1', '2']);
    await using sink = await openArchiveSink({ path: join(root.path, 'again.tar'), repository: 'app' });
    await copyImage(source, sink, { reference: 'app:2', tags: ['x'] });
    await using again = await openArchive({ path: join(root.path, 'again.tar') });
    assert.equal((await again.resolve('app:x')).digest, (await source.resolve('1')).digest);
  }
});

test('openArchive() takes compressed layers and blobs/sha256 paths, as docker since 25 writes them', async () => {
  await using root = await temporary();
  const image = await randomImage({ seed: 'new docker', layers: 2 });
  const blobPath = (digest: RandomImage['descriptor']['digest']) => `blobs/sha256/${digestHex(digest)}`;
  const path = join(root.path, 'saved.tar');
  const manifest = {
    Config: blobPath(image.manifest.config.digest),
    RepoTags: null,
    Layers: image.layers.map(({ digest }) => blobPath(digest)),
  };
  await writeFile(
    path,
    await tarOf([
      ...[...image.blobs].map(([digest, bytes]) => file(blobPath(digest), bytes)),
      file('manifest.json', JSON.stringify([manifest])),
    ]),
  );
  await using source = await openArchive({ path });
  const descriptor = await source.resolve();
  const { layers } = JSON.parse(Buffer.from((await source.manifest(descriptor)).bytes).toString());
  assert.deepEqual(layers, image.layers);
});

test('openArchive() refuses what leads out of the archive, is missing or does not fit', async () => {
  await using root = await temporary();
  const image = await randomImage({ seed: 'bad', layers: 1 });
  const [layer] = (await plainLayers(image)) as [Buffer];
  const config = configOf(image);
  const list = (entry: object) =>
    file(
      'manifest.json',
      JSON.stringify([{ RepoTags: ['a:1'], Config: 'c.json', Layers: ['l.tar'], ...entry }]),
    );
  const cases: Record<string, { entries: TarInput[]; code: string }> = {
    'no manifest.json': { entries: [file('c.json', config)], code: 'ARCHIVE_INVALID' },
    'a path that leaves': { entries: [list({ Config: '../../etc/passwd' })], code: 'ARCHIVE_INVALID' },
    'an absolute path': { entries: [list({ Layers: ['/etc/passwd'] })], code: 'ARCHIVE_INVALID' },
    'a link that leaves': {
      entries: [symlink('l.tar', '../../etc/passwd'), file('c.json', config), list({})],
      code: 'ARCHIVE_INVALID',
    },
    'a link to itself': {
      entries: [symlink('l.tar', 'l.tar'), file('c.json', config), list({})],
      code: 'ARCHIVE_INVALID',
    },
    'a missing layer': { entries: [file('c.json', config), list({})], code: 'ARCHIVE_INVALID' },
    'too many layers': {
      entries: [file('c.json', config), file('l.tar', layer), list({ Layers: ['l.tar', 'l.tar'] })],
      code: 'ARCHIVE_INVALID',
    },
    'a config that is none': {
      entries: [file('c.json', '[]'), file('l.tar', layer), list({})],
      code: 'CONFIG_INVALID',
    },
  };
  for (const [what, { entries, code }] of Object.entries(cases)) {
    const path = join(root.path, 'bad.tar');
    await writeFile(path, await tarOf(entries));
    await assert.rejects(
      async () => {
        await using source = await openArchive({ path });
        await source.resolve('a:1');
      },
      { code },
      what,
    );
  }
  await writeFile(join(root.path, 'cut.tar'), (await tarOf([file('l.tar', layer)])).subarray(0, 700));
  await assert.rejects(openArchive({ path: join(root.path, 'cut.tar') }), { code: 'TAR_INVALID' });
  await assert.rejects(openArchive({ path: join(root.path, 'none.tar') }), { code: 'FILE_UNUSABLE' });
});

test('a layer that is not what the config says is found out when it is read', async () => {
  await using root = await temporary();
  const image = await randomImage({ seed: 'swapped', layers: 1 });
  const path = join(root.path, 'swapped.tar');
  const entry = { RepoTags: ['a:1'], Config: 'c.json', Layers: ['l.tar'] };
  await writeFile(
    path,
    await tarOf([
      file('c.json', configOf(image)),
      file('l.tar', Buffer.alloc(2048)),
      file('manifest.json', JSON.stringify([entry])),
    ]),
  );
  await using source = await openArchive({ path });
  await using sink = await openArchiveSink({ path: join(root.path, 'out.tar'), repository: 'a' });
  await assert.rejects(copyImage(source, sink, { tags: ['1'] }), { code: 'DIGEST_MISMATCH' });
});

test('openArchiveSink() writes one uncompressed image, the same bytes each time, and leaves nothing else', async () => {
  await using root = await temporary();
  const image = await randomImage({ seed: 'written', layers: 2 });
  const written: Buffer[] = [];
  for (const name of ['a.tar', 'b.tar']) {
    await using sink = await openArchiveSink({
      path: join(root.path, name),
      repository: 'localhost:5000/app',
    });
    await copyImage(sourceOf({ v: image }), sink, { tags: ['v1', 'v2'] });
    written.push(await readFile(join(root.path, name)));
  }
  assert.equal(Buffer.compare(written[0] as Buffer, written[1] as Buffer), 0);
  const names: string[] = [];
  for await (const { entry } of readTar(sourceBytes(written[0] as Buffer))) names.push(entry.path);
  const layers = image.config.rootfs.diff_ids.map((diffID) => `${digestHex(diffID)}.tar`);
  assert.deepEqual(names, [
    `${digestHex(image.manifest.config.digest)}.json`,
    ...layers,
    'manifest.json',
    'repositories',
  ]);
  assert.deepEqual((await readdir(root.path)).sort(), ['a.tar', 'b.tar']);
});

test('openArchiveSink() takes no index, and one platform of it', async () => {
  await using root = await temporary();
  const platforms = [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64' },
  ];
  const index = await randomIndex({ seed: 'index', platforms });
  await using sink = await openArchiveSink({ path: join(root.path, 'image.tar'), repository: 'app' });
  const source = sourceOfIndex(index, 'all');
  await assert.rejects(copyImage(source, sink, { tags: ['v'], platform: 'all' }), {
    code: 'UNSUPPORTED_BY_SINK',
  });
  const { descriptor } = await copyImage(source, sink, { tags: ['v'] });
  assert.ok(index.images.some((image) => image.descriptor.digest === descriptor.digest));
});

test('openArchiveSink() removes what a killed process left beside the file', async () => {
  await using root = await temporary();
  await mkdir(join(root.path, '.image.tar.berth-999999999-x'));
  await using sink = await openArchiveSink({ path: join(root.path, 'image.tar') });
  assert.equal((await readdir(root.path)).filter((name) => name.includes('999999999')).length, 0);
  await sink[Symbol.asyncDispose]();
  assert.deepEqual(await readdir(root.path), []);
});
