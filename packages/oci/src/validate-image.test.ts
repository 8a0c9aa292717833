import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Descriptor } from './descriptor.ts';
import { type DiffID, type Digest, digestBytes } from './digest.ts';
import type { ImageConfig } from './image-config.ts';
import type { ImageMismatch } from './image-mismatch.ts';
import type { Manifest } from './manifest.ts';
import { type RandomImage, randomImage, randomIndex } from './testing/random-image.ts';
import { validateImage } from './validate-image.ts';

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function reader(
  blobs: ReadonlyMap<Digest, Uint8Array>,
): (digest: Digest) => AsyncIterable<Uint8Array> | undefined {
  return (digest) => {
    const bytes = blobs.get(digest);
    return bytes === undefined ? undefined : once(bytes);
  };
}

function validate(
  image: Pick<RandomImage, 'descriptor' | 'manifestBytes' | 'blobs'>,
): Promise<ImageMismatch[]> {
  return validateImage({
    descriptor: image.descriptor,
    manifest: image.manifestBytes,
    blob: reader(image.blobs),
  });
}

const codes = (found: readonly ImageMismatch[]): string[] => found.map(({ code }) => code);

interface Change {
  readonly config?: (config: ImageConfig) => ImageConfig;
  readonly manifest?: (manifest: Manifest) => Manifest;
  readonly layer?: (bytes: Uint8Array) => Uint8Array;
}

/** Another image whose digests are all right again after the change, so that only the change is found. */
function rebuild(image: RandomImage, change: Change): RandomImage {
  const blobs = new Map<Digest, Uint8Array>();
  const put = (bytes: Uint8Array, descriptor: Descriptor): Descriptor => {
    const digest = digestBytes(bytes);
    blobs.set(digest, bytes);
    return { ...descriptor, digest, size: bytes.byteLength };
  };
  const layers = image.layers.map((layer) => {
    const bytes = image.blobs.get(layer.digest) ?? Buffer.alloc(0);
    return put(change.layer?.(bytes) ?? bytes, layer);
  });
  const config = change.config?.(image.config) ?? image.config;
  const asked = {
    ...image.manifest,
    layers,
    config: put(Buffer.from(JSON.stringify(config)), image.manifest.config),
  };
  const manifest = change.manifest?.(asked) ?? asked;
  const manifestBytes = Buffer.from(JSON.stringify(manifest));
  return {
    ...image,
    blobs,
    manifest,
    manifestBytes,
    descriptor: { ...image.descriptor, ...described(manifestBytes) },
  };
}

function described(bytes: Uint8Array): { digest: Digest; size: number } {
  return { digest: digestBytes(bytes), size: bytes.byteLength };
}

test('randomImage() makes sound images, the same for the same seed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.nat(),
        layers: fc.nat(4),
        filesPerLayer: fc.nat(5),
        sizeBytes: fc.nat(3000),
        compression: fc.constantFrom('gzip', 'zstd', 'none'),
        algorithm: fc.constantFrom('sha256', 'sha512'),
      }),
      async (options) => {
        const image = await randomImage(options);
        assert.deepEqual(await validate(image), []);
        assert.equal((await randomImage(options)).descriptor.digest, image.descriptor.digest);
      },
    ),
    { numRuns: process.env.BERTH_SOAK ? 300 : 15 },
  );
  const docker = await randomImage({
    seed: 'a',
    format: 'docker',
    platform: { os: 'linux', architecture: 'arm64' },
  });
  assert.deepEqual(await validate(docker), []);
});

test('randomImage() shares the base of another image', async () => {
  const base = await randomImage({ seed: 'base', layers: 3 });
  const top = await randomImage({ seed: 'top', baseSeed: 'base', layers: 3 });
  assert.deepEqual(top.layers.slice(0, 2), base.layers.slice(0, 2));
  assert.notEqual(top.layers[2]?.digest, base.layers[2]?.digest);
  assert.deepEqual(await validate(top), []);
});

test('validateImage() follows an index and compares platforms', async () => {
  const platforms = [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm', variant: 'v7' },
  ];
  const index = await randomIndex({ seed: 1, platforms });
  const given = { descriptor: index.descriptor, manifest: index.indexBytes, blob: reader(index.blobs) };
  assert.deepEqual(await validateImage(given), []);

  const wrong = Buffer.from(Buffer.from(index.indexBytes).toString().replace('"amd64"', '"riscv64"'));
  const descriptor = { ...index.descriptor, ...described(wrong) };
  const found = await validateImage({ ...given, descriptor, manifest: wrong });
  assert.deepEqual(codes(found), ['PLATFORM']);
  assert.equal(found[0]?.expected, 'linux/riscv64');

  const sparse = new Map(index.blobs);
  sparse.delete(index.images[1]?.descriptor.digest ?? ('' as Digest));
  assert.deepEqual(codes(await validateImage({ ...given, blob: reader(sparse) })), ['BLOB_MISSING']);
  assert.deepEqual(await validateImage({ ...given, blob: reader(sparse) }, { isSparseAllowed: true }), []);
});

test('validateImage() reports every mismatch it was made for', async () => {
  const image = await randomImage({ seed: 7, layers: 2 });
  const [first, second] = image.layers;
  assert.ok(first !== undefined && second !== undefined);
  const without = (digest: Digest) => new Map([...image.blobs].filter(([each]) => each !== digest));
  const diffIDs = (ids: readonly DiffID[]) => (config: ImageConfig) => ({
    ...config,
    rootfs: { type: 'layers' as const, diff_ids: ids },
  });
  const layerType = (mediaType: string) => (manifest: Manifest) => ({
    ...manifest,
    layers: manifest.layers.map((layer) => ({ ...layer, mediaType })),
  });
  const damagedTar = (bytes: Uint8Array) => {
    const tar = gunzipSync(bytes);
    tar.fill(0x41, 100, 108);
    return gzipSync(tar);
  };
  const cases: [string, Pick<RandomImage, 'descriptor' | 'manifestBytes' | 'blobs'>, string[]][] = [
    ['descriptor size', { ...image, descriptor: { ...image.descriptor, size: 1 } }, ['MANIFEST_SIZE']],
    [
      'descriptor digest',
      { ...image, descriptor: { ...image.descriptor, digest: first.digest } },
      ['MANIFEST_DIGEST'],
    ],
    ['no manifest', { ...image, ...withManifest(Buffer.from('{}')) }, ['MANIFEST_INVALID']],
    ['missing layer', { ...image, blobs: without(first.digest) }, ['BLOB_MISSING']],
    ['missing config', { ...image, blobs: without(image.manifest.config.digest) }, ['BLOB_MISSING']],
    [
      'changed layer',
      { ...image, blobs: new Map([...image.blobs, [first.digest, Buffer.from('x')]]) },
      ['BLOB_DIGEST', 'BLOB_SIZE'],
    ],
    [
      'changed config',
      { ...image, blobs: new Map([...image.blobs, [image.manifest.config.digest, Buffer.from('x')]]) },
      ['BLOB_DIGEST', 'BLOB_SIZE', 'CONFIG_INVALID'],
    ],
    [
      'swapped diffIDs',
      rebuild(image, { config: diffIDs(image.config.rootfs.diff_ids.toReversed()) }),
      ['DIFF_ID', 'DIFF_ID'],
    ],
    [
      'a diffID less',
      rebuild(image, { config: diffIDs(image.config.rootfs.diff_ids.slice(1)) }),
      ['LAYER_COUNT', 'DIFF_ID'],
    ],
    [
      'short history',
      rebuild(image, { config: (config) => ({ ...config, history: config.history?.slice(1) ?? [] }) }),
      ['HISTORY_COUNT'],
    ],
    [
      'gzip called zstd',
      rebuild(image, { manifest: layerType('application/vnd.oci.image.layer.v1.tar+zstd') }),
      ['LAYER_COMPRESSION', 'LAYER_COMPRESSION'],
    ],
    [
      'truncated gzip',
      rebuild(image, { layer: (bytes) => bytes.subarray(0, -9) }),
      ['LAYER_COMPRESSION', 'LAYER_COMPRESSION'],
    ],
    ['damaged tar', rebuild(image, { layer: damagedTar }), ['LAYER_TAR', 'DIFF_ID', 'LAYER_TAR', 'DIFF_ID']],
    [
      'embedded data',
      rebuild(image, {
        manifest: (manifest) => ({ ...manifest, config: { ...manifest.config, data: 'e30=' } }),
      }),
      ['EMBEDDED_DATA'],
    ],
  ];
  for (const [name, broken, expected] of cases)
    assert.deepEqual(codes(await validate(broken)), expected, name);

  function withManifest(bytes: Uint8Array): { manifestBytes: Uint8Array; descriptor: Descriptor } {
    return { manifestBytes: bytes, descriptor: { ...image.descriptor, ...described(bytes) } };
  }
});

test('validateImage() takes artifacts, and non-distributable layers that are not there', async () => {
  const config = Buffer.from('{}');
  const layer = Buffer.from('anything');
  const blobs = new Map([config, layer].map((bytes) => [digestBytes(bytes), bytes]));
  const artifact = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      config: { mediaType: 'application/vnd.oci.empty.v1+json', ...described(config), data: 'e30=' },
      layers: [
        { mediaType: 'text/plain', ...described(layer) },
        {
          mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
          ...described(Buffer.from('gone')),
        },
      ],
    }),
  );
  const descriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', ...described(artifact) };
  assert.deepEqual(await validateImage({ descriptor, manifest: artifact, blob: reader(blobs) }), []);
});

test('validateImage() stops on a signal', async () => {
  const image = await randomImage({ seed: 1 });
  const given = { descriptor: image.descriptor, manifest: image.manifestBytes, blob: reader(image.blobs) };
  await assert.rejects(validateImage(given, { signal: AbortSignal.abort() }), { name: 'AbortError' });
});
