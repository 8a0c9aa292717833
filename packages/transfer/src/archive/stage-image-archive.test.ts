import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { makeTarEntry, manifestLinks, parseManifest, type TarInput, writeTar } from '@berth/oci';
import { randomImage } from '@berth/oci/testing';
import { copyImage } from '../copy/copy-image.ts';
import type { ImageSource } from '../interface.ts';
import { openOciArchiveSink } from '../layout/oci-archive.ts';
import { sourceOf } from '../testing/images.ts';
import { openArchiveSink } from './archive-sink.ts';
import { type ImageArchive, openImageArchive, stageImageArchive } from './open-image-archive.ts';

const NAME = 'localhost:5000/team/app';

async function temporary(t: TestContext): Promise<(name: string) => string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-staged-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return (name) => join(folder, name);
}

/** One image in both forms, larger than what is written at once. */
async function archives(at: (name: string) => string): Promise<Readonly<Record<string, Buffer>>> {
  const image = await randomImage({ seed: 'staged', layers: 3, filesPerLayer: 4, sizeBytes: 200_000 });
  const source = sourceOf({ '1': image });
  const sinks = {
    'docker-archive': await openArchiveSink({ path: at('docker.tar'), repository: NAME }),
    'oci-archive': await openOciArchiveSink({ path: at('oci.tar') }),
  };
  for (const sink of Object.values(sinks)) {
    await using owned = sink;
    await copyImage(source, owned, { reference: '1', tags: ['1'] });
  }
  return {
    'docker-archive': await readFile(at('docker.tar')),
    'oci-archive': await readFile(at('oci.tar')),
  };
}

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** As a socket that gives all its chunks in the same memory. */
async function* inOneBuffer(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(10_000);
  for (let at = 0; at < bytes.length; at += buffer.length) {
    const part = bytes.subarray(at, at + buffer.length);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
  }
}

/** Everything that is in it, by digest. */
async function contentsOf({ images, source }: ImageArchive): Promise<readonly unknown[]> {
  return await Promise.all(
    images.map(async ({ descriptor, names }) => {
      const { bytes } = await source.manifest(descriptor);
      const blobs = manifestLinks(parseManifest(bytes, descriptor.mediaType)).blobs;
      return [names, descriptor.digest, await Promise.all(blobs.map((blob) => sizeOf(source, blob)))];
    }),
  );
}

async function sizeOf(source: ImageSource, blob: Parameters<ImageSource['blob']>[0]): Promise<unknown> {
  let size = 0;
  for await (const chunk of source.blob(blob)) size += chunk.length;
  return [blob.digest, size];
}

test('stageImageArchive() has of a stream what openImageArchive() has of a file', async (t) => {
  const at = await temporary(t);
  for (const [form, bytes] of Object.entries(await archives(at))) {
    assert.ok(bytes.length > 2 * 1024 * 1024, `${bytes.length}`);
    await using whole = await openImageArchive({
      path: at(form === 'oci-archive' ? 'oci.tar' : 'docker.tar'),
    });
    const expected = await contentsOf(whole);
    const sources = {
      'large chunks': inChunks(bytes, 3_000_000),
      'small chunks': inChunks(bytes, 4_093),
      'one buffer': inOneBuffer(bytes),
      gzip: inChunks(gzipSync(bytes, { level: 1 }), 50_000),
      zstd: inChunks(zstdCompressSync(bytes), 50_000),
    };
    for (const [how, source] of Object.entries(sources)) {
      const path = at(`${form} ${how}`);
      await using staged = await stageImageArchive(source, { path });
      assert.equal(staged.form, form);
      assert.deepEqual(await contentsOf(staged), expected, how);
      // What waits is plain, so that members can be read from anywhere, and nobody else's to read.
      assert.ok(
        (await readFile(path)).subarray(0, bytes.length - 1024).equals(bytes.subarray(0, -1024)),
        how,
      );
      assert.equal((await stat(path)).mode & 0o777, 0o600);
    }
  }
});

test('stageImageArchive() takes no file that is there already', async (t) => {
  const at = await temporary(t);
  await writeFile(at('taken'), 'precious');
  const staged = stageImageArchive(inChunks(Buffer.alloc(1024), 512), { path: at('taken') });
  await assert.rejects(staged, { code: 'FILE_UNUSABLE' });
  assert.equal(await readFile(at('taken'), 'utf8'), 'precious');
});

test('stageImageArchive() refuses what is no archive of images, and what is cut off', async (t) => {
  const at = await temporary(t);
  const { 'docker-archive': bytes = Buffer.alloc(0) } = await archives(at);
  const file = (path: string): TarInput => ({ entry: makeTarEntry({ type: 'file', path }) });
  const rootfs = Buffer.concat(await Array.fromAsync(writeTar([file('etc/passwd')])));
  const cases: Readonly<Record<string, readonly [Uint8Array, string]>> = {
    'a root filesystem': [rootfs, 'ARCHIVE_INVALID'],
    nothing: [Buffer.alloc(0), 'TAR_INVALID'],
    'no tar': [Buffer.alloc(5000, 'x'), 'TAR_INVALID'],
    'half of one': [bytes.subarray(0, bytes.length / 2), 'TAR_INVALID'],
    'half of a compressed one': [gzipSync(bytes).subarray(0, 100_000), 'COMPRESSION_INVALID'],
  };
  for (const [what, [given, code]] of Object.entries(cases)) {
    const staged = stageImageArchive(inChunks(given, 65_536), { path: at(what) });
    await assert.rejects(staged, { code }, what);
  }
});

test('stageImageArchive() throws what its source throws, and stops when it is told to', async (t) => {
  const at = await temporary(t);
  const { 'docker-archive': bytes = Buffer.alloc(0) } = await archives(at);
  let isClosed = false;
  const failing = async function* (then: () => void): AsyncGenerator<Uint8Array> {
    try {
      yield* inChunks(bytes.subarray(0, 100_000), 10_000);
      then();
      yield* inChunks(bytes.subarray(100_000), 10_000);
    } finally {
      isClosed = true;
    }
  };
  const gone = failing(() => {
    throw Object.assign(new Error('The client is gone'), { code: 'ECONNRESET' });
  });
  await assert.rejects(stageImageArchive(gone, { path: at('gone') }), { message: /The client is gone/ });
  const controller = new AbortController();
  isClosed = false;
  const stopped = failing(() => controller.abort());
  const staged = stageImageArchive(stopped, { path: at('stopped'), signal: controller.signal });
  await assert.rejects(staged, { name: 'AbortError' });
  assert.ok(isClosed, 'the source is closed');
});
