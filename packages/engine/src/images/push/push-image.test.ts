import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Digest,
  type Manifest,
  MEDIA_TYPE_DOCKER_MANIFEST,
  parseDigest,
  parseManifest,
} from '@berth/oci';
import { randomImage } from '@berth/oci/testing';
import type { ApiProgress } from '../../api/types.ts';
import { type SmallRegistry, startSmallRegistry } from '../testing/small-registry.ts';
import { smallTar } from '../testing/small-tar.ts';
import { openTestImages, type TestImages } from '../testing/test-images.ts';

function manifestOf(registry: SmallRegistry, name: string, tag: string): Manifest & { mediaType: string } {
  const found = registry.manifest(name, tag);
  assert.ok(found !== undefined, `${name}:${tag} is not there`);
  const parsed = parseManifest(found.bytes, found.mediaType);
  assert.ok(parsed.kind === 'manifest');
  return { ...parsed.manifest, mediaType: found.mediaType };
}

async function pushed(engine: TestImages, name: string, allTags = false): Promise<string[]> {
  const lines: string[] = [];
  await engine.images.push(name, {
    allTags,
    onProgress: ({ status, id, progress, aux }: ApiProgress) => {
      if (aux !== undefined) lines.push(`aux ${aux.Tag} ${aux.Size}`);
      else if (progress === undefined) lines.push(id === undefined ? `${status}` : `${id}: ${status}`);
    },
  });
  return lines;
}

test("push() sends an image made here, in Docker's lines, and another engine can run it", async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const name = `${registry.host}/team/app:1`;
  const id = await engine.images.importTar(smallTar({ file: 'x'.repeat(300_000) }), { reference: name });
  const lines = await pushed(engine, name);
  const diffID = (await engine.images.inspect(id)).RootFS.Layers[0]?.slice(7, 19);
  const manifest = manifestOf(registry, 'team/app', '1');
  const bytes = registry.manifest('team/app', '1')?.bytes.length;
  const digest = (await engine.images.inspect(id)).RepoDigests[0]?.split('@')[1];
  assert.deepEqual(lines, [
    `The push refers to repository [${registry.host}/team/app]`,
    `${diffID}: Preparing`,
    `${diffID}: Pushed`,
    `1: digest: ${digest} size: ${bytes}`,
    `aux 1 ${bytes}`,
  ]);
  assert.deepEqual([manifest.mediaType, manifest.config.digest], [MEDIA_TYPE_DOCKER_MANIFEST, id]);
  await using other = await openTestImages();
  assert.equal((await other.images.pull(name)).id, id);
  const again = await pushed(engine, name);
  assert.equal(again[2], `${diffID}: Layer already exists`);
  const event = engine.events.findLast(({ Action }) => Action === 'push');
  assert.deepEqual([event?.Actor.ID, event?.Actor.Attributes.name], [name, `${registry.host}/team/app`]);
});

test('push() of what was pulled gives the same digest, and mounts its layers from where they came', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const image = await randomImage({ seed: 'mount', layers: 2 });
  registry.put('from/app:1', image);
  await engine.images.pull(`${registry.host}/from/app:1`);
  await engine.images.tag(`${registry.host}/from/app:1`, `${registry.host}/to/app:2`);
  registry.asked.length = 0;
  const lines = await pushed(engine, `${registry.host}/to/app:2`);
  assert.equal(lines.filter((line) => line.endsWith(': Mounted from from/app')).length, 2);
  assert.deepEqual(registry.manifest('to/app', '2')?.bytes, image.manifestBytes);
  assert.ok(!registry.asked.some((line) => line.startsWith('PATCH')));
});

test('push() makes the bytes again where nobody has them, and remembers what they became', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const image = await randomImage({ seed: 'again', layers: 2, sizeBytes: 200_000 });
  registry.put('a/app:1', image);
  const name = `${registry.host}/a/app:1`;
  const { id } = await engine.images.pull(name);
  for (const { digest } of image.layers) registry.removeBlob('a/app', digest);
  const first = await pushed(engine, name);
  assert.equal(first.filter((line) => line.endsWith(': Pushed')).length, 2);
  const manifest = manifestOf(registry, 'a/app', '1');
  assert.equal(manifest.config.digest, id);
  const second = await pushed(engine, name);
  assert.equal(second.filter((line) => line.endsWith(': Layer already exists')).length, 2);
  assert.deepEqual(manifestOf(registry, 'a/app', '1'), manifest);
  await using other = await openTestImages();
  assert.equal((await other.images.pull(name)).id, id);
});

test('push() sends what the registry will not mount, and gives up the upload that it began instead', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const image = await randomImage({ seed: 'lost', layers: 1 });
  registry.put('from/app:1', image);
  await engine.images.pull(`${registry.host}/from/app:1`);
  await engine.images.tag(`${registry.host}/from/app:1`, `${registry.host}/to/app:1`);
  registry.removeBlob('from/app', image.layers[0]?.digest as Digest);
  registry.asked.length = 0;
  const lines = await pushed(engine, `${registry.host}/to/app:1`);
  assert.equal(lines.filter((line) => line.endsWith(': Pushed')).length, 1);
  assert.equal(
    registry.asked.filter((line) => line.startsWith('DELETE /v2/to/app/blobs/uploads/')).length,
    1,
  );
});

test('push() of all tags sends a shared layer once', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const repository = `${registry.host}/a/app`;
  await engine.images.importTar(smallTar({ file: 'x' }), { reference: `${repository}:1` });
  await engine.images.tag(`${repository}:1`, `${repository}:2`);
  const lines = await pushed(engine, repository, true);
  assert.equal(lines.filter((line) => line.endsWith(': Preparing')).length, 1);
  assert.deepEqual(
    ['1', '2'].map((tag) => registry.manifest('a/app', tag) !== undefined),
    [true, true],
  );
  const [one, two] = ['1', '2'].map((tag) => registry.manifest('a/app', tag)?.bytes);
  assert.deepEqual(one, two);
});

test('push() says what is not here, and passes on what the registry says', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  await assert.rejects(pushed(engine, `${registry.host}/a/app:1`), {
    code: 'IMAGE_UNKNOWN',
    message: `An image does not exist locally with the tag: ${registry.host}/a/app`,
  });
  const name = `${registry.host}/a/app:1`;
  await engine.images.importTar(smallTar({ file: 'x' }), { reference: name });
  await assert.rejects(pushed(engine, `${registry.host}/a/app:2`), {
    code: 'IMAGE_UNKNOWN',
    message: `tag does not exist: ${registry.host}/a/app:2`,
  });
  registry.interfere = ({ method }, response) => {
    if (method === 'GET') return false;
    const errors = [{ code: 'DENIED', message: 'requested access to the resource is denied' }];
    response.writeHead(403, { 'content-type': 'application/json' });
    response.end(method === 'HEAD' ? undefined : JSON.stringify({ errors }));
    return true;
  };
  await assert.rejects(pushed(engine, name), {
    code: 'PUSH_REFUSED',
    class: 'denied',
    message: 'denied: requested access to the resource is denied',
  });
});

test('push() that failed leaves nothing in staging, and no tag in the registry', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const name = `${registry.host}/a/app:1`;
  await engine.images.importTar(smallTar({ file: 'x'.repeat(200_000) }), { reference: name });
  const stop = new AbortController();
  registry.interfere = ({ method, url }) => {
    if (method !== 'PUT' || url?.includes('/uploads/') !== true) return false;
    stop.abort();
    return true;
  };
  await assert.rejects(engine.images.push(name, { signal: stop.signal }), { name: 'AbortError' });
  const { readdir } = await import('node:fs/promises');
  assert.deepEqual(await readdir(`${engine.dataRoot}/staging`), []);
  assert.equal(registry.manifest('a/app', '1'), undefined);
});

test('a digest of a push leads to the image', async () => {
  await using registry = await startSmallRegistry();
  await using engine = await openTestImages();
  const name = `${registry.host}/a/app`;
  const id = await engine.images.importTar(smallTar({ file: 'x' }), { reference: name });
  const [result] = await engine.images.push(name);
  const digest: Digest = parseDigest(`${result?.digest}`);
  assert.equal((await engine.images.find(`${name}@${digest}`))?.id, id);
});
