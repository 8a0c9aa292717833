import assert from 'node:assert/strict';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Descriptor,
  digestBytes,
  MEDIA_TYPE_OCI_INDEX,
  MEDIA_TYPE_OCI_MANIFEST,
  type Platform,
} from '@berth/oci';
import { type RandomImage, randomImage, randomIndex } from '@berth/oci/testing';
import type { ApiProgress } from '../../api/types.ts';
import { startSmallRegistry } from '../testing/small-registry.ts';
import { openTestImages, type TestImages } from '../testing/test-images.ts';

const AMD64: Platform = { os: 'linux', architecture: 'amd64' };
const ARM64: Platform = { os: 'linux', architecture: 'arm64' };

function textOf({ status, id }: ApiProgress): string {
  return id === undefined ? `${status}` : `${id}: ${status}`;
}

async function assertNothingLeft(engine: TestImages): Promise<void> {
  assert.deepEqual(await engine.images.list({ all: true }), []);
  await engine.layers.sweep();
  const { layers } = await engine.layers.usage();
  assert.deepEqual(layers, []);
  assert.deepEqual(await engine.db.read.selectFrom('layer_holds').selectAll().execute(), []);
}

test("pull() tells of an image in Docker's lines, and is up to date the second time", async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const image = await randomImage({ seed: 'pull', layers: 3 });
  registry.put('library/hello:1', image);
  const name = `${registry.host}/library/hello:1`;
  const lines: ApiProgress[] = [];
  const first = await engine.images.pull(name, { onProgress: (line) => lines.push(line) });
  assert.deepEqual([first.isNew, first.id], [true, image.manifest.config.digest]);
  const ids = image.layers.map(({ digest }) => digest.slice(7, 19));
  const text = lines.filter(({ progress }) => progress === undefined).map(textOf);
  assert.equal(text[0], '1: Pulling from library/hello');
  assert.deepEqual(
    text.slice(1, 4),
    ids.map((id) => `${id}: Pulling fs layer`),
  );
  for (const id of ids) {
    const own = text.filter((line) => line.startsWith(id));
    assert.deepEqual(own, [
      `${id}: Pulling fs layer`,
      `${id}: Verifying Checksum`,
      `${id}: Download complete`,
      `${id}: Pull complete`,
    ]);
  }
  assert.deepEqual(text.slice(-2), [
    `Digest: ${image.descriptor.digest}`,
    `Status: Downloaded newer image for ${name}`,
  ]);
  const [listed] = await engine.images.list();
  assert.deepEqual(listed?.RepoTags, [name]);
  assert.deepEqual(listed?.RepoDigests, [`${registry.host}/library/hello@${image.descriptor.digest}`]);
  assert.equal(listed?.Size, 3 * 3 * 1024);

  const again: string[] = [];
  const second = await engine.images.pull(name, { onProgress: (line) => again.push(textOf(line)) });
  assert.deepEqual([second.isNew, second.id], [false, first.id]);
  assert.deepEqual(again, [
    '1: Pulling from library/hello',
    `Digest: ${image.descriptor.digest}`,
    `Status: Image is up to date for ${name}`,
  ]);
  const events = engine.events.map(({ Action, Actor }) => [Action, Actor.ID, Actor.Attributes.name]);
  const event = ['pull', name, `${registry.host}/library/hello`];
  assert.deepEqual(events, [event, event]);
  assert.equal(engine.events[0]?.Actor.Attributes.seed, 'pull');
});

test('pull() fetches no layer that another image has', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const [one, two] = [
    await randomImage({ seed: 'one', baseSeed: 'base', layers: 3 }),
    await randomImage({ seed: 'two', baseSeed: 'base', layers: 3 }),
  ];
  registry.put('a/app:one', one);
  registry.put('a/app:two', two);
  await engine.images.pull(`${registry.host}/a/app:one`);
  registry.asked.length = 0;
  const lines: string[] = [];
  await engine.images.pull(`${registry.host}/a/app:two`, { onProgress: (line) => lines.push(textOf(line)) });
  const base = two.layers.slice(0, 2).map(({ digest }) => digest);
  assert.ok(!registry.asked.some((line) => base.some((digest) => line.includes(digest))));
  for (const digest of base) assert.ok(lines.includes(`${digest.slice(7, 19)}: Already exists`));
  const [listed] = await engine.images.list({ sharedSize: true });
  assert.deepEqual([listed?.Size, listed?.SharedSize], [3 * 3 * 1024, 2 * 3 * 1024]);
});

test('pull() takes the image of the platform, warns of a lone one for another, and says what is missing', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const index = await randomIndex({ seed: 'multi', layers: 1, platforms: [ARM64, AMD64] });
  const [arm, amd] = index.images as [RandomImage, RandomImage];
  registry.put('a/multi', arm);
  registry.put('a/multi', amd);
  registry.putManifest('a/multi:latest', { descriptor: index.descriptor, bytes: index.indexBytes });
  const name = `${registry.host}/a/multi`;
  const chosen = await engine.images.pull(name, { platform: 'linux/arm64' });
  assert.deepEqual([chosen.id, chosen.digest], [arm.manifest.config.digest, index.descriptor.digest]);
  assert.equal((await engine.images.pull(name, { platform: 'linux/amd64' })).id, amd.manifest.config.digest);
  // The name and the digest of the index moved on; the other image stays without a name.
  assert.equal((await engine.images.find(name))?.id, amd.manifest.config.digest);
  assert.equal((await engine.images.list({ filters: { dangling: ['true'] } })).length, 1);
  await assert.rejects(engine.images.pull(name, { platform: 'linux/riscv64' }), {
    code: 'IMAGE_UNKNOWN',
    message: 'no matching manifest for linux/riscv64 in the manifest list entries',
  });
  registry.put('a/lone', arm);
  const lines: string[] = [];
  const lone = await engine.images.pull(`${registry.host}/a/lone`, {
    platform: 'linux/amd64',
    onProgress: (line) => lines.push(textOf(line)),
  });
  assert.equal(lone.id, arm.manifest.config.digest);
  assert.ok(
    lines.includes(
      `WARNING: image with reference ${registry.host}/a/lone:latest was found but its platform (linux/arm64) ` +
        'does not match the specified platform (linux/amd64)',
    ),
  );
});

test('pull() by digest names no tag, and finds the image by it', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const image = await randomImage({ seed: 'digest', layers: 1 });
  registry.put('a/app:1', image);
  const name = `${registry.host}/a/app@${image.descriptor.digest}`;
  assert.equal((await engine.images.pull(name)).isNew, true);
  assert.equal((await engine.images.pull(name)).isNew, false);
  const [listed] = await engine.images.list();
  assert.deepEqual([listed?.RepoTags, listed?.RepoDigests], [[], [name]]);
  assert.equal((await engine.images.find(name))?.id, image.manifest.config.digest);
});

test('pull() of all tags brings each in', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  for (const tag of ['a', 'b', 'c']) registry.put(`x/y:${tag}`, await randomImage({ seed: tag, layers: 1 }));
  const lines: string[] = [];
  await engine.images.pull(`${registry.host}/x/y`, {
    allTags: true,
    onProgress: (line) => lines.push(textOf(line)),
  });
  const tags = (await engine.images.list()).flatMap(({ RepoTags }) => RepoTags).sort();
  assert.deepEqual(
    tags,
    ['a', 'b', 'c'].map((tag) => `${registry.host}/x/y:${tag}`),
  );
  assert.equal(lines.at(-1), `Status: Downloaded newer image for ${registry.host}/x/y`);
});

test('pull() of what is not there answers in the words that clients match on', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  registry.put('a/app:1', await randomImage({ seed: 'x', layers: 1 }));
  await assert.rejects(engine.images.pull(`${registry.host}/a/app:2`), {
    code: 'IMAGE_UNKNOWN',
    class: 'notFound',
    message: `manifest for ${registry.host}/a/app:2 not found: manifest unknown: manifest unknown`,
  });
  registry.interfere = ({ url }, response) => {
    if (url === '/v2/') return false;
    const errors = [{ code: 'DENIED', message: 'requested access to the resource is denied' }];
    response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify({ errors }));
    return true;
  };
  await assert.rejects(engine.images.pull(`${registry.host}/a/secret`), {
    code: 'IMAGE_UNKNOWN',
    message:
      `pull access denied for ${registry.host}/a/secret, repository does not exist or may require ` +
      "'docker login': denied: requested access to the resource is denied",
  });
  await assert.rejects(engine.images.pull('lower/UPPER'), { code: 'REFERENCE_INVALID' });
  await assertNothingLeft(engine);
});

test('two pulls of one image at once fetch each layer once', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const image = await randomImage({ seed: 'twice', layers: 3, sizeBytes: 200_000 });
  registry.put('a/app:1', image);
  const name = `${registry.host}/a/app:1`;
  const pulled = await Promise.all([1, 2, 3].map(() => engine.images.pull(name)));
  assert.deepEqual(new Set(pulled.map(({ id }) => id)), new Set([image.manifest.config.digest]));
  for (const { digest } of image.layers) {
    assert.equal(registry.asked.filter((line) => line === `GET /v2/a/app/blobs/${digest}`).length, 1);
  }
  await engine.images.remove(name);
  await assertNothingLeft(engine);
});

/** Cuts the body of a blob after so many bytes, until it is told to stop. */
function cutAfter(digest: string, bytes: Uint8Array, cutAt: number): NonNullable<RegistryInterfere> {
  return ({ url, method }, response) => {
    if (method !== 'GET' || url?.endsWith(digest) !== true) return false;
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, cutAt), () => {});
    return true;
  };
}

type RegistryInterfere = Awaited<ReturnType<typeof startSmallRegistry>>['interfere'];

async function sizeReaches(path: string, bytes: number): Promise<void> {
  for (;;) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.size >= bytes) return;
    await sleep(20);
  }
}

async function bigImage(seed: string): Promise<{ image: RandomImage; layer: Descriptor; bytes: Uint8Array }> {
  const image = await randomImage({ seed, layers: 2, filesPerLayer: 1, sizeBytes: 12_000_000 });
  const layer = image.layers[0] as Descriptor;
  return { image, layer, bytes: image.blobs.get(layer.digest) as Uint8Array };
}

test('pull() that was cancelled leaves no image, and the next goes on where it was, also after a restart', async () => {
  await using registry = await startSmallRegistry();
  const { image, layer, bytes } = await bigImage('cut');
  registry.put('a/big:1', image);
  const name = `${registry.host}/a/big:1`;
  const first = await openTestImages();
  const stop = new AbortController();
  const cutAt = 10_000_000;
  registry.interfere = cutAfter(layer.digest, bytes, cutAt);
  const part = join(first.dataRoot, 'staging', `${layer.digest.replace(':', '-')}.part`);
  const pulling = assert.rejects(first.images.pull(name, { signal: stop.signal }), { name: 'AbortError' });
  await sizeReaches(part, cutAt);
  stop.abort();
  await pulling;
  assert.deepEqual(await first.images.list({ all: true }), []);
  registry.interfere = undefined;
  await using engine = await first.reopen();
  assert.equal((await stat(part)).size, cutAt);
  registry.sentBytes = 0;
  await engine.images.pull(name);
  // The other layer may have come whole before the cut, or not at all.
  const whole = image.layers.reduce((sum, { size }) => sum + size, image.manifest.config.size);
  assert.ok(registry.sentBytes <= whole - cutAt, `${registry.sentBytes} bytes were fetched again`);
  assert.deepEqual(await readdir(join(engine.dataRoot, 'staging')), []);
  await engine.images.remove(name);
  await assertNothingLeft(engine);
});

test('pull() takes a part that is damaged for what it is, and begins again', async () => {
  await using registry = await startSmallRegistry();
  const { image, layer, bytes } = await bigImage('damaged');
  registry.put('a/big:1', image);
  await using engine = await openTestImages();
  const damaged = Buffer.from(bytes.subarray(0, 9_000_000));
  // What a power cut can leave: zeros where bytes were, the length right.
  damaged.fill(0, 8_000_000);
  await writeFile(join(engine.dataRoot, 'staging', `${layer.digest.replace(':', '-')}.part`), damaged);
  const { id } = await engine.images.pull(`${registry.host}/a/big:1`);
  assert.equal(id, image.manifest.config.digest);
  assert.deepEqual(await readdir(join(engine.dataRoot, 'staging')), []);
});

test('attack 10: manifests and configs that do not agree are refused with nothing left', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const image = await randomImage({ seed: 'confused', layers: 2 });
  registry.put('a/app', image);
  const put = (manifest: object, mediaType = MEDIA_TYPE_OCI_MANIFEST) => {
    const bytes = Buffer.from(JSON.stringify(manifest));
    const descriptor = { mediaType, digest: digestBytes(bytes), size: bytes.length };
    registry.putManifest('a/app:latest', { descriptor, bytes });
  };
  const config = (value: object) => {
    const bytes = Buffer.from(JSON.stringify(value));
    return {
      mediaType: image.manifest.config.mediaType,
      digest: registry.putBlob('a/app', bytes),
      size: bytes.length,
    };
  };
  const refuses = async (what: string, code: string) => {
    await assert.rejects(engine.images.pull(`${registry.host}/a/app`), (error: Error & { code?: string }) => {
      assert.equal(error.code, code, `${what}: ${error.message}`);
      return true;
    });
    await assertNothingLeft(engine);
  };
  const [one, two] = image.layers as [Descriptor, Descriptor];
  const diffIDs = image.config.rootfs.diff_ids;

  put({ ...image.manifest, layers: [one] });
  await refuses('fewer layers than diffIDs', 'IMAGE_INVALID');
  put({ ...image.manifest, layers: [] });
  await refuses('no layers and two diffIDs', 'IMAGE_INVALID');
  put({ ...image.manifest, layers: [two, one] });
  await refuses('layers in another order', 'DIFF_ID_MISMATCH');
  put({ ...image.manifest, layers: [one, { ...two, size: two.size + 1 }] });
  await refuses('a layer of another size', 'SIZE_MISMATCH');
  put({ ...image.manifest, layers: [one, { ...two, size: two.size - 1 }] });
  await refuses('a layer of a smaller size', 'SIZE_MISMATCH');
  put({ ...image.manifest, layers: [one, { ...two, size: 2 ** 53 - 1 }] });
  await refuses('a layer larger than any disk', 'DISK_FULL');
  put({ ...image.manifest, manifests: [] });
  await refuses('an index with layers (CVE-2021-41190)', 'MANIFEST_INVALID');
  put({ ...image.manifest }, MEDIA_TYPE_OCI_INDEX);
  await refuses('a manifest called an index', 'MANIFEST_INVALID');
  put({
    ...image.manifest,
    config: { ...image.manifest.config, mediaType: 'application/vnd.oci.empty.v1+json' },
  });
  await refuses('an artifact', 'IMAGE_INVALID');
  put({
    ...image.manifest,
    config: config({ ...image.config, rootfs: { type: 'layers', diff_ids: ['md5:00'] } }),
  });
  await refuses('a digest of an unknown kind', 'CONFIG_INVALID');
  const wrong = [diffIDs[0], `sha256:${'0'.repeat(64)}`];
  put({
    ...image.manifest,
    config: config({ ...image.config, rootfs: { type: 'layers', diff_ids: wrong } }),
  });
  await refuses('a wrong diffID', 'DIFF_ID_MISMATCH');
  put({ ...image.manifest, config: config({ ...image.config, os: 'windows' }) });
  await refuses('an image for Windows', 'PLATFORM_MISMATCH');
  const huge = { mediaType: image.manifest.config.mediaType, digest: digestBytes(''), size: 100_000_000 };
  put({ ...image.manifest, config: huge });
  await refuses('a huge config', 'IMAGE_INVALID');

  put(image.manifest);
  assert.equal((await engine.images.pull(`${registry.host}/a/app`)).id, image.manifest.config.digest);
});

test('attack 12: what is no manifest or no config is refused, however it is broken', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const image = await randomImage({ seed: 'broken', layers: 1 });
  registry.put('a/app', image);
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  for (const text of [
    '',
    'null',
    '[]',
    '{',
    '{}',
    'x'.repeat(1000),
    deep,
    '{"schemaVersion":2,"schemaVersion":2}',
  ]) {
    const bytes = Buffer.from(text);
    const descriptor = { mediaType: MEDIA_TYPE_OCI_MANIFEST, digest: digestBytes(bytes), size: bytes.length };
    registry.putManifest('a/app:latest', { descriptor, bytes });
    await assert.rejects(engine.images.pull(`${registry.host}/a/app`), { class: 'invalidArgument' }, text);
    const config = { ...image.manifest.config, digest: registry.putBlob('a/app', bytes), size: bytes.length };
    const manifest = Buffer.from(JSON.stringify({ ...image.manifest, config }));
    registry.putManifest('a/app:latest', {
      descriptor: { ...descriptor, digest: digestBytes(manifest), size: manifest.length },
      bytes: manifest,
    });
    await assert.rejects(engine.images.pull(`${registry.host}/a/app`), { code: 'CONFIG_INVALID' }, text);
  }
  await assertNothingLeft(engine);
});

test('pull() of a short name goes to the default registry', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages({ defaultRegistry: registry.host });
  const image = await randomImage({ seed: 'short', layers: 1 });
  registry.put('team/app:1', image);
  await engine.images.pull('team/app:1');
  const [listed] = await engine.images.list();
  assert.deepEqual(listed?.RepoTags, ['team/app:1']);
  assert.equal((await engine.images.find(`${registry.host}/team/app:1`))?.id, image.manifest.config.digest);
});
