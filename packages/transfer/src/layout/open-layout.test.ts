import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Descriptor, digestHex } from '@berth/oci';
import { randomImage } from '@berth/oci/testing';
import { copyImage } from '../copy/copy-image.ts';
import { sourceOf } from '../testing/images.ts';
import { mediumSuite } from '../testsuite.ts';
import { openOciArchive, openOciArchiveSink } from './oci-archive.ts';
import { openLayout } from './open-layout.ts';

async function temporary(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'berth-layout-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function hidden(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.startsWith('.'));
}

mediumSuite(
  'an OCI layout',
  async () => {
    const root = await temporary();
    const path = join(root.path, 'image');
    return {
      sink: async () => openLayout({ path }),
      source: async () => openLayout({ path }),
      leftovers: () => hidden(path),
      [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
    };
  },
  { keepsManifests: true },
);

test('openOciArchive() reads what openOciArchiveSink() wrote, all of it', async () => {
  await using root = await temporary();
  const path = join(root.path, 'image.tar');
  const image = await randomImage({ seed: 'oci-archive' });
  {
    await using sink = await openOciArchiveSink({ path });
    await copyImage(sourceOf({ v: image }), sink, { tags: ['v', 'w'] });
  }
  assert.deepEqual(await readdir(root.path), ['image.tar']);
  await using source = await openOciArchive({ path });
  assert.deepEqual(await Array.fromAsync(source.tags()), ['v', 'w']);
  assert.equal((await source.resolve('w')).digest, image.descriptor.digest);
  await using back = openLayout({ path: join(root.path, 'back') });
  const result = await copyImage(source, back, { reference: 'v', tags: ['v'] });
  assert.equal(result.descriptor.digest, image.descriptor.digest);
});

test('putBlob() goes on with the bytes of a process that was killed', async () => {
  await using root = await temporary();
  const image = await randomImage({ seed: 'killed', sizeBytes: 400_000, layers: 1 });
  const layer = image.layers[0] as Descriptor;
  const bytes = image.blobs.get(layer.digest) as Uint8Array;
  await using layout = openLayout({ path: root.path });
  await rm(join(root.path, '.berth'), { recursive: true, force: true });
  await mkdir(join(root.path, '.berth'));
  // A number that no process can have stands for one that is gone.
  const gone = join(root.path, '.berth', `sha256-${digestHex(layer.digest)}.999999999.x`);
  await writeFile(gone, bytes.subarray(0, 150_000));
  const asked: number[] = [];
  await layout.putBlob(layer, ({ offset = 0 }) => {
    asked.push(offset);
    return sourceOf({ v: image }).blob(layer, { offset });
  });
  assert.deepEqual(asked, [150_000]);

  await rm(join(root.path, 'blobs'), { recursive: true });
  await writeFile(gone, Buffer.alloc(150_000));
  await layout.putBlob(layer, ({ offset = 0 }) => {
    asked.push(offset);
    return sourceOf({ v: image }).blob(layer, { offset });
  });
  assert.deepEqual(asked, [150_000, 150_000, 0], 'wrong bytes of before are dropped');
});

test('resolve() says which images there are when none was named', async () => {
  await using root = await temporary();
  await using layout = openLayout({ path: root.path });
  await assert.rejects(layout.resolve(), { code: 'LAYOUT_INVALID' });
  for (const seed of ['a', 'b']) {
    await copyImage(sourceOf({ v: await randomImage({ seed }) }), layout, { tags: [seed] });
  }
  await assert.rejects(layout.resolve(), { code: 'REFERENCE_AMBIGUOUS', hint: 'Name one of "a", "b"' });
});

test('an index whose images are elsewhere is not taken for whole', async () => {
  await using root = await temporary();
  const image = await randomImage({ seed: 'sparse' });
  await using layout = openLayout({ path: root.path });
  await copyImage(sourceOf({ v: image }), layout, { tags: ['v'] });
  const layer = image.layers[0] as Descriptor;
  await rm(join(root.path, 'blobs/sha256', digestHex(layer.digest)));
  assert.equal(await layout.hasManifest(image.descriptor), false);
  await copyImage(sourceOf({ v: image }), layout, { tags: ['v'] });
  assert.equal(await layout.hasManifest(image.descriptor), true);
});

test('finish() keeps what other tools wrote into index.json', async () => {
  await using root = await temporary();
  const [one, two] = [await randomImage({ seed: 'one' }), await randomImage({ seed: 'two' })];
  await using layout = openLayout({ path: root.path });
  await copyImage(sourceOf({ v: one }), layout, { tags: ['one'] });
  const path = join(root.path, 'index.json');
  const index = JSON.parse(await readFile(path, 'utf8'));
  index.annotations = { 'com.example.kept': 'yes' };
  await writeFile(path, JSON.stringify(index));
  await copyImage(sourceOf({ v: two }), layout, { tags: ['two'] });
  const after = JSON.parse(await readFile(path, 'utf8'));
  assert.equal(after.annotations['com.example.kept'], 'yes');
  assert.equal(after.manifests.length, 2);
});
