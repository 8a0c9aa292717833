/** What every place that images are copied to and from must do. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Descriptor,
  type Digest,
  isIndexMediaType,
  manifestLinks,
  type Platform,
  parseManifest,
  validateImage,
} from '@berth/oci';
import { type RandomImage, randomImage, randomIndex } from '@berth/oci/testing';
import { copyImage } from './copy/copy-image.ts';
import type { ImageSink, ImageSource } from './interface.ts';
import { imageWithForeignLayer, sourceOf, sourceOfIndex, withBlob } from './testing/images.ts';

export { type FlakyProxy, startFlakyProxy } from './testing/flaky-proxy.ts';
export { sourceOf, sourceOfIndex, withBlob } from './testing/images.ts';

/** One empty place; each call opens it anew, as another process would. */
export interface MediumUnderTest extends AsyncDisposable {
  sink(): Promise<ImageSink>;
  source(): Promise<ImageSource>;
  /** What must not be there after a copy or a failure: staged bytes, locks. */
  leftovers(): Promise<readonly string[]>;
}

export interface MediumAbilities {
  /** Manifests are kept bit for bit, indexes too; several images fit. */
  readonly keepsManifests: boolean;
}

const PLATFORMS: readonly Platform[] = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64' },
  { os: 'linux', architecture: 'arm', variant: 'v7' },
];
const AMD64 = PLATFORMS[0] as Platform;

export function mediumSuite(
  name: string,
  create: () => Promise<MediumUnderTest>,
  { keepsManifests }: MediumAbilities,
): void {
  const put = async (
    medium: MediumUnderTest,
    source: ImageSource,
    options: Parameters<typeof copyImage>[2],
  ) => {
    await using sink = await medium.sink();
    return await copyImage(source, sink, options);
  };
  // Registered only where the medium can: a suite asks for abilities, it does not skip.
  const whole = (title: string, work: () => Promise<void>): void => {
    if (keepsManifests) test(title, work);
  };

  describe(`${name} as a medium`, () => {
    test('an image comes back as it went in', async () => {
      await using medium = await create();
      const image = await randomImage({ seed: 'whole', layers: 3 });
      await put(medium, sourceOf({ v1: image }), { tags: ['v1'] });
      await using source = await medium.source();
      await assertSame(source, await source.resolve('v1'), image, keepsManifests);
      assert.deepEqual(await Array.fromAsync(source.tags()), ['v1']);
      assert.deepEqual(await medium.leftovers(), []);
    });

    test('every compression and Docker’s own types come back', async () => {
      const variants = [{ compression: 'zstd' }, { compression: 'none' }, { format: 'docker' }] as const;
      for (const variant of variants) {
        await using medium = await create();
        const image = await randomImage({ seed: 'variants', ...variant });
        await put(medium, sourceOf({ v1: image }), { tags: ['v1'] });
        await using source = await medium.source();
        await assertSame(source, await source.resolve('v1'), image, keepsManifests);
      }
    });

    whole('an index is copied whole', async () => {
      await using medium = await create();
      const index = await randomIndex({ seed: 'index', platforms: PLATFORMS });
      await put(medium, sourceOfIndex(index, 'all'), { tags: ['all'] });
      await using source = await medium.source();
      const descriptor = await source.resolve('all');
      assert.equal(descriptor.digest, index.descriptor.digest);
      assert.deepEqual(await mismatches(source, descriptor), []);
      for (const image of index.images)
        await assertSame(source, await source.resolve(image.descriptor.digest), image, true);
    });

    test('one platform of an index is an image of its own', async () => {
      await using medium = await create();
      const index = await randomIndex({ seed: 'platforms', platforms: PLATFORMS });
      for (const [position, platform] of PLATFORMS.entries()) {
        await put(medium, sourceOfIndex(index, 'all'), { tags: ['one'], platform });
        await using source = await medium.source();
        const image = index.images[position] as RandomImage;
        await assertSame(source, await source.resolve('one'), image, keepsManifests);
      }
    });

    test('a platform that is not there is refused with those that are', async () => {
      await using medium = await create();
      const index = await randomIndex({ seed: 'platforms', platforms: PLATFORMS });
      const platform = { os: 'linux', architecture: 's390x' };
      await assert.rejects(put(medium, sourceOfIndex(index, 'all'), { tags: ['one'], platform }), {
        code: 'PLATFORM_UNKNOWN',
        hint: 'Choose one of linux/amd64, linux/arm64, linux/arm/v7',
      });
    });

    whole('a second copy moves nothing', async () => {
      await using medium = await create();
      const image = await randomImage({ seed: 'twice', layers: 3 });
      const first = await put(medium, sourceOf({ v1: image }), { tags: ['v1'] });
      assert.deepEqual(first.blobs, { exists: 0, mounted: 0, copied: 4 });
      const second = await put(medium, sourceOf({ v1: image }), { tags: ['v1', 'v2'] });
      assert.equal(second.copiedBytes, 0);
      await using source = await medium.source();
      assert.deepEqual(await Array.fromAsync(source.tags()), ['v1', 'v2']);
    });

    whole('images with one base share its layers', async () => {
      await using medium = await create();
      const base = await randomImage({ seed: 'app1', baseSeed: 'base', layers: 3 });
      const other = await randomImage({ seed: 'app2', baseSeed: 'base', layers: 3 });
      await put(medium, sourceOf({ a: base }), { tags: ['a'] });
      const second = await put(medium, sourceOf({ b: other }), { tags: ['b'] });
      assert.deepEqual(second.blobs, { exists: 2, mounted: 0, copied: 2 });
      await using source = await medium.source();
      for (const [tag, image] of [
        ['a', base],
        ['b', other],
      ] as const) {
        await assertSame(source, await source.resolve(tag), image, true);
      }
    });

    test('a tag moves to the image put last', async () => {
      await using medium = await create();
      const [old, young] = [await randomImage({ seed: 'old' }), await randomImage({ seed: 'young' })];
      await put(medium, sourceOf({ v: old }), { tags: ['v'] });
      await put(medium, sourceOf({ v: young }), { tags: ['v'] });
      await using source = await medium.source();
      await assertSame(source, await source.resolve('v'), young, keepsManifests);
      if (keepsManifests) await assertSame(source, await source.resolve(old.descriptor.digest), old, true);
    });

    whole('an image without a tag is found by its digest', async () => {
      await using medium = await create();
      const image = await randomImage({ seed: 'untagged' });
      await put(medium, sourceOf({ v: image }), { tags: [] });
      await using source = await medium.source();
      await assertSame(source, await source.resolve(image.descriptor.digest), image, true);
      assert.deepEqual(await Array.fromAsync(source.tags()), []);
    });

    whole('an image by sha512 keeps its digests', async () => {
      await using medium = await create();
      const image = await randomImage({ seed: 'long', algorithm: 'sha512' });
      await put(medium, sourceOf({ v: image }), { tags: [] });
      await using source = await medium.source();
      await assertSame(source, await source.resolve(image.descriptor.digest), image, true);
    });

    test('blob() goes on from any offset', async () => {
      await using medium = await create();
      const image = await randomImage({ seed: 'offset', sizeBytes: 300_000 });
      await put(medium, sourceOf({ v: image }), { tags: ['v'] });
      await using source = await medium.source();
      const [layer] = await layersOf(source, await source.resolve('v'));
      const all = await bytesOf(source.blob(layer));
      assert.equal(all.length, layer.size);
      for (const offset of [1, 65_536, layer.size >> 1, layer.size - 1]) {
        const rest = await bytesOf(source.blob(layer, { offset }));
        assert.equal(Buffer.compare(rest, all.subarray(offset)), 0, `from ${offset}`);
      }
    });

    test('names that are not there are said to be so', async () => {
      await using medium = await create();
      const image = await randomImage({ seed: 'known' });
      await put(medium, sourceOf({ v: image }), { tags: ['v'] });
      await using source = await medium.source();
      const digest = `sha256:${'0'.repeat(64)}` as Digest;
      await assert.rejects(source.resolve('other'), { code: 'MANIFEST_UNKNOWN' });
      await assert.rejects(source.resolve(digest), { code: 'MANIFEST_UNKNOWN' });
      const nothing = { mediaType: 'application/octet-stream', digest, size: 10 };
      await assert.rejects(source.manifest(nothing), { code: 'MANIFEST_UNKNOWN' });
      await assert.rejects(bytesOf(source.blob(nothing)), { code: 'BLOB_UNKNOWN' });
    });

    test('wrong bytes are refused and no tag appears', async () => {
      await using medium = await create();
      const image = await randomImage({ seed: 'wrong', sizeBytes: 200_000 });
      const layer = image.layers[1] as Descriptor;
      const flipped = withBlob(sourceOf({ v: image }), layer.digest, async function* (bytes) {
        for await (const chunk of bytes) yield Uint8Array.from(chunk, (byte) => byte ^ 1);
      });
      await assert.rejects(put(medium, flipped, { tags: ['v'] }));
      await assertNothingVisible(medium, 'v');
      await put(medium, sourceOf({ v: image }), { tags: ['v'] });
      await using source = await medium.source();
      await assertSame(source, await source.resolve('v'), image, keepsManifests);
      assert.deepEqual(await medium.leftovers(), []);
    });

    test('a copy that was stopped goes on with the next', async () => {
      await using medium = await create();
      const image = await randomImage({ seed: 'stopped', sizeBytes: 500_000 });
      const layer = image.layers[1] as Descriptor;
      const stop = new AbortController();
      const stopping = withBlob(sourceOf({ v: image }), layer.digest, async function* (bytes) {
        let passed = 0;
        for await (const chunk of bytes) {
          yield chunk.subarray(0, chunk.length >> 1);
          passed += chunk.length;
          if (passed > layer.size / 2) stop.abort();
          stop.signal.throwIfAborted();
          yield chunk.subarray(chunk.length >> 1);
        }
      });
      await assert.rejects(put(medium, stopping, { tags: ['v'], signal: stop.signal }), {
        name: 'AbortError',
      });
      await assertNothingVisible(medium, 'v');
      await put(medium, sourceOf({ v: image }), { tags: ['v'] });
      await using source = await medium.source();
      await assertSame(source, await source.resolve('v'), image, keepsManifests);
      assert.deepEqual(await medium.leftovers(), []);
    });

    test('a source that fails is named, and the copy can be done again', async () => {
      await using medium = await create();
      const image = await randomImage({ seed: 'broken', sizeBytes: 200_000 });
      const layer = image.layers[0] as Descriptor;
      const broken = withBlob(sourceOf({ v: image }), layer.digest, async function* (bytes) {
        for await (const chunk of bytes) {
          yield chunk.subarray(0, 100_000);
          throw new Error('the disk of the source is broken');
        }
      });
      await assert.rejects(put(medium, broken, { tags: ['v'] }), /the disk of the source is broken/);
      await assertNothingVisible(medium, 'v');
      await put(medium, sourceOf({ v: image }), { tags: ['v'] });
      await using source = await medium.source();
      await assertSame(source, await source.resolve('v'), image, keepsManifests);
    });

    whole('copies into one place at once all arrive', async () => {
      await using medium = await create();
      const images = await Promise.all(
        [1, 2, 3, 4].map((n) => randomImage({ seed: `at once ${n}`, baseSeed: 'base', layers: 3 })),
      );
      await Promise.all(images.map((image, n) => put(medium, sourceOf({ v: image }), { tags: [`v${n}`] })));
      await using source = await medium.source();
      assert.deepEqual(await Array.fromAsync(source.tags()), ['v0', 'v1', 'v2', 'v3']);
      for (const [n, image] of images.entries())
        await assertSame(source, await source.resolve(`v${n}`), image, true);
      assert.deepEqual(await medium.leftovers(), []);
    });

    whole('layers that may not be handed on stay where they are', async () => {
      await using medium = await create();
      const image = await imageWithForeignLayer('foreign');
      const { blobs } = await put(medium, sourceOf({ v: image }), { tags: ['v'] });
      assert.equal(blobs.copied, 2);
      await using source = await medium.source();
      assert.equal((await source.resolve('v')).digest, image.descriptor.digest);
    });

    test('events tell of every blob and manifest', async () => {
      await using medium = await create();
      const image = await randomImage({ seed: 'events', layers: 2 });
      const types: string[] = [];
      await put(medium, sourceOf({ v: image }), {
        tags: ['v'],
        platform: AMD64,
        onEvent: ({ type }) => types.push(type),
      });
      assert.equal(types[0], 'resolved');
      assert.equal(types.at(-1), 'manifest.done');
      assert.equal(types.filter((type) => type === 'blob.done').length, 3);
      assert.ok(types.includes('blob.progress'));
    });
  });
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

async function layersOf(
  source: ImageSource,
  descriptor: Descriptor,
): Promise<readonly [Descriptor, ...Descriptor[]]> {
  const { bytes } = await source.manifest(descriptor);
  const parsed = parseManifest(bytes, descriptor.mediaType);
  assert.equal(parsed.kind, 'manifest');
  if (parsed.kind !== 'manifest') throw new Error('an index has no layers');
  return parsed.manifest.layers as unknown as [Descriptor, ...Descriptor[]];
}

/** The same bytes all over; where manifests are not kept, the same config and layers once uncompressed. */
async function assertSame(
  source: ImageSource,
  descriptor: Descriptor,
  image: RandomImage,
  keepsManifests: boolean,
): Promise<void> {
  assert.deepEqual(await mismatches(source, descriptor), []);
  if (keepsManifests) assert.equal(descriptor.digest, image.descriptor.digest);
  const { bytes } = await source.manifest(descriptor);
  const { blobs } = manifestLinks(parseManifest(bytes, descriptor.mediaType));
  assert.ok(
    blobs.some(({ digest }) => digest === image.manifest.config.digest),
    'the same config',
  );
}

async function mismatches(source: ImageSource, descriptor: Descriptor): Promise<readonly unknown[]> {
  const { bytes } = await source.manifest(descriptor);
  const known = new Map<string, Descriptor>();
  const learn = async (parent: Uint8Array, mediaType: string): Promise<void> => {
    const links = manifestLinks(parseManifest(parent, mediaType));
    for (const child of [...links.blobs, ...links.manifests]) known.set(child.digest, child);
    for (const child of links.manifests) await learn((await source.manifest(child)).bytes, child.mediaType);
  };
  await learn(bytes, descriptor.mediaType);
  return validateImage({
    descriptor,
    manifest: bytes,
    blob: (digest) => {
      const found = known.get(digest);
      if (found === undefined) return undefined;
      const isManifest = isIndexMediaType(found.mediaType) || found.mediaType.includes('manifest');
      return isManifest ? manifestStream(source, found) : source.blob(found);
    },
  });
}

async function* manifestStream(source: ImageSource, descriptor: Descriptor): AsyncGenerator<Uint8Array> {
  yield (await source.manifest(descriptor)).bytes;
}

/** A place that is not there yet, or one that does not know the name: both are fine. */
async function assertNothingVisible(medium: MediumUnderTest, tag: string): Promise<void> {
  await assert.rejects(async () => {
    await using source = await medium.source();
    await source.resolve(tag);
  });
}
