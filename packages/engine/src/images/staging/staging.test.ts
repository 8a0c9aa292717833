import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mountFileSystem, unmount } from '@berth/linux';
import { randomImage } from '@berth/oci/testing';
import { startSmallRegistry } from '../testing/small-registry.ts';
import { smallTar } from '../testing/small-tar.ts';
import { openTestImages } from '../testing/test-images.ts';
import { Staging } from './staging.ts';

const isRoot = process.getuid?.() === 0;
const needsRoot = { skip: isRoot ? false : 'mounting a small file system needs root' };

test('Staging.open() keeps young parts and sweeps the rest', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-staging-'));
  try {
    const part = (digit: string) => `sha256-${digit.repeat(64)}.part`;
    for (const name of [part('a'), part('b'), 'x.tmp', 'sha256-zz.part', 'foreign']) {
      await writeFile(join(folder, name), 'x');
    }
    await mkdir(join(folder, 'y.tmp/deep'), { recursive: true });
    const old = Date.now() / 1000 - 8 * 24 * 3600;
    await utimes(join(folder, part('b')), old, old);
    await Staging.open(folder);
    assert.deepEqual(await readdir(folder), [part('a')]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** Staging on a file system of so many bytes. */
async function withSmallStaging(
  size: string,
  work: (engine: Awaited<ReturnType<typeof openTestImages>>) => Promise<void>,
): Promise<void> {
  const dataRoot = await mkdtemp(join(tmpdir(), 'berth-small-'));
  const staging = join(dataRoot, 'staging');
  await mkdir(staging);
  mountFileSystem(staging, { type: 'tmpfs', data: `size=${size}` });
  try {
    await using engine = await openTestImages({ dataRoot });
    await work(engine);
    assert.deepEqual(await readdir(staging), []);
  } finally {
    unmount(staging, { detach: true });
    await rm(dataRoot, { recursive: true });
  }
}

test('load() of an archive that does not fit says so and leaves nothing', needsRoot, async () => {
  await withSmallStaging('1m', async (engine) => {
    const archive = smallTar({ 'manifest.json': '[]', large: 'x'.repeat(3_000_000) });
    await assert.rejects(engine.images.load(archive), {
      code: 'DISK_FULL',
      class: 'resourceExhausted',
      message: /^no space left on device/,
    });
  });
});

test('pull() goes on where there is no room to keep what came', needsRoot, async () => {
  await using registry = await startSmallRegistry();
  const image = await randomImage({ seed: 'room', layers: 1, filesPerLayer: 1, sizeBytes: 10_000_000 });
  registry.put('a/app:1', image);
  await withSmallStaging('2m', async (engine) => {
    const { id } = await engine.images.pull(`${registry.host}/a/app:1`);
    assert.equal(id, image.manifest.config.digest);
  });
});

test('push() that has no room to compress says so', needsRoot, async () => {
  await using registry = await startSmallRegistry();
  const image = await randomImage({ seed: 'push room', layers: 1, filesPerLayer: 1, sizeBytes: 4_000_000 });
  registry.put('a/app:1', image);
  await withSmallStaging('1m', async (engine) => {
    const name = `${registry.host}/a/app:1`;
    await engine.images.pull(name);
    for (const { digest } of image.layers) registry.removeBlob('a/app', digest);
    await assert.rejects(engine.images.push(name), { code: 'DISK_FULL' });
  });
});
