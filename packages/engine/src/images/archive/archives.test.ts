import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import {
  digestBytes,
  digestHex,
  formatLayoutHeader,
  formatLayoutIndex,
  makeTarEntry,
  readTar,
  type TarEntry,
  type TarInput,
  writeTar,
} from '@berth/oci';
import { type RandomImage, randomImage } from '@berth/oci/testing';
import { smallTar } from '../testing/small-tar.ts';
import { openTestImages, type TestImages } from '../testing/test-images.ts';

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(stream));
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

async function assertNothingLeft(engine: TestImages): Promise<void> {
  assert.deepEqual(await engine.images.list({ all: true }), []);
  await engine.layers.sweep();
  assert.deepEqual((await engine.layers.usage()).layers, []);
  assert.deepEqual(await readdir(`${engine.dataRoot}/staging`), []);
}

function file(path: string, content: Uint8Array | string, fields: Partial<TarEntry> = {}): TarInput {
  const bytes = Buffer.from(content);
  return { entry: makeTarEntry({ type: 'file', path, size: bytes.length, ...fields }), content: [bytes] };
}

/** A docker-archive as Docker before 25 wrote it. */
function dockerArchive(
  images: readonly { readonly image: RandomImage; readonly names: readonly string[] }[],
  change: (members: TarInput[], manifest: object[]) => void = () => {},
): Promise<Buffer> {
  const members: TarInput[] = [];
  const manifest: { Config: string; RepoTags: readonly string[]; Layers: string[] }[] = [];
  for (const { image, names } of images) {
    const config = digestHex(image.manifest.config.digest);
    members.push(file(`${config}.json`, image.blobs.get(image.manifest.config.digest) as Uint8Array));
    const layers = image.layers.map(({ digest }, at) => {
      const path = `${config.slice(0, 8)}-${at}/layer.tar`;
      members.push(file(path, gunzipSync(image.blobs.get(digest) as Uint8Array)));
      return path;
    });
    manifest.push({ Config: `${config}.json`, RepoTags: names, Layers: layers });
  }
  change(members, manifest);
  members.push(file('manifest.json', JSON.stringify(manifest)));
  return bytesOf(writeTar(members));
}

test('save() writes a docker-archive that is an OCI layout too, and load() of another engine reads it', async () => {
  await using engine = await openTestImages();
  const id = await engine.images.importTar(smallTar({ a: 'x'.repeat(300_000) }), { reference: 'app:1' });
  await engine.images.tag('app:1', 'localhost:5000/team/app:2');
  const saved = await bytesOf(engine.images.save(['app:1', 'localhost:5000/team/app:2']));
  assert.deepEqual(await bytesOf(engine.images.save(['app:1', 'localhost:5000/team/app:2'])), saved);
  const paths: string[] = [];
  for await (const { entry } of readTar(inPieces(saved))) paths.push(entry.path);
  assert.deepEqual(paths.slice(0, 6), [
    'oci-layout',
    'index.json',
    'manifest.json',
    'repositories',
    'blobs/',
    'blobs/sha256/',
  ]);
  assert.ok(paths.includes(`blobs/sha256/${id.slice(7)}`));

  for (const bytes of [saved, gzipSync(saved), zstdCompressSync(saved)]) {
    await using other = await openTestImages();
    const lines: string[] = [];
    const loaded = await other.images.load(inPieces(bytes), {
      onProgress: ({ stream, status }) => lines.push(stream ?? `${status}`),
    });
    assert.deepEqual(loaded, ['app:1', 'localhost:5000/team/app:2']);
    assert.deepEqual(
      lines.filter((line) => line !== 'Loading layer'),
      ['Loaded image: app:1\n', 'Loaded image: localhost:5000/team/app:2\n'],
    );
    assert.equal((await other.images.find('app:1'))?.id, id);
    assert.deepEqual(await bytesOf(other.images.save(['app:1', 'localhost:5000/team/app:2'])), saved);
    assert.deepEqual(await readdir(`${other.dataRoot}/staging`), []);
  }
});

test('save() by id has no name, by a bare name all its tags, and says what is not there', async () => {
  await using engine = await openTestImages();
  const id = await engine.images.importTar(smallTar({ a: 'x' }), { reference: 'app:1' });
  await engine.images.importTar(smallTar({ a: 'y' }), { reference: 'app:2' });
  await using other = await openTestImages();
  const lines: (string | undefined)[] = [];
  await other.images.load(engine.images.save([id.slice(7, 19)]), {
    quiet: true,
    onProgress: ({ stream }) => lines.push(stream),
  });
  assert.deepEqual(lines, [`Loaded image ID: ${id}\n`]);
  assert.deepEqual(await other.images.load(engine.images.save(['app'])), ['app:1', 'app:2']);
  await assert.rejects(bytesOf(engine.images.save(['app:1', 'app:9'])), {
    message: 'reference does not exist',
  });
  await assert.rejects(bytesOf(engine.images.save(['nope'])), { message: 'No such image: nope' });
});

test('load() takes archives of older Docker, several images with shared layers, and moves names', async () => {
  await using engine = await openTestImages();
  const [one, two] = [
    await randomImage({ seed: 'one', baseSeed: 'base', layers: 2 }),
    await randomImage({ seed: 'two', baseSeed: 'base', layers: 2 }),
  ];
  const old = await engine.images.importTar(smallTar({ a: 'old' }), { reference: 'debian:13' });
  const archive = await dockerArchive([
    { image: one, names: ['debian:13', 'docker.io/library/debian:again'] },
    { image: two, names: [] },
  ]);
  const lines: (string | undefined)[] = [];
  const loaded = await engine.images.load(inPieces(archive), {
    quiet: true,
    onProgress: ({ stream }) => lines.push(stream),
  });
  assert.deepEqual(loaded, ['debian:13', 'debian:again', two.manifest.config.digest]);
  assert.deepEqual(lines, [
    `The image debian:13 already exists, renaming the old one with ID ${old} to empty string\n`,
    'Loaded image: debian:13\n',
    'Loaded image: debian:again\n',
    `Loaded image ID: ${two.manifest.config.digest}\n`,
  ]);
  assert.equal((await engine.images.find('debian:13'))?.id, one.manifest.config.digest);
  assert.equal((await engine.layers.usage()).layers.length, 1 + 3);
});

test('load() takes an OCI layout with the names that buildx and containerd write', async () => {
  await using engine = await openTestImages();
  const image = await randomImage({ seed: 'oci', layers: 2 });
  const annotations = { 'io.containerd.image.name': 'docker.io/library/app:9' };
  const blob = (digest: string, bytes: Uint8Array) => file(`blobs/sha256/${digest.slice(7)}`, bytes);
  const archive = await bytesOf(
    writeTar([
      file('oci-layout', formatLayoutHeader()),
      ...[...image.blobs].map(([digest, bytes]) => blob(digest, bytes)),
      blob(image.descriptor.digest, image.manifestBytes),
      file(
        'index.json',
        formatLayoutIndex({ schemaVersion: 2, manifests: [{ ...image.descriptor, annotations }] }),
      ),
    ]),
  );
  assert.deepEqual(await engine.images.load(inPieces(archive)), ['app:9']);
  assert.equal((await engine.images.find('app:9'))?.id, image.manifest.config.digest);
});

const hostile: readonly (readonly [
  what: string,
  code: string,
  change: (members: TarInput[], manifest: Record<string, unknown>[]) => void,
])[] = [
  [
    'a config outside',
    'ARCHIVE_INVALID',
    (_, [entry]) => Object.assign(entry as object, { Config: '../../etc/passwd' }),
  ],
  [
    'an absolute layer',
    'ARCHIVE_INVALID',
    (_, [entry]) => Object.assign(entry as object, { Layers: ['/etc/passwd'] }),
  ],
  [
    'a name that is none',
    'REFERENCE_INVALID',
    (_, [entry]) => Object.assign(entry as object, { RepoTags: ['../x:1'] }),
  ],
  [
    'a name with a newline',
    'REFERENCE_INVALID',
    (_, [entry]) => Object.assign(entry as object, { RepoTags: ['a:1\nb'] }),
  ],
  [
    'a digest for a name',
    'REFERENCE_INVALID',
    (_, [entry]) => Object.assign(entry as object, { RepoTags: [`a@sha256:${'0'.repeat(64)}`] }),
  ],
  [
    'a layer that is missing',
    'ARCHIVE_INVALID',
    (_, [entry]) => Object.assign(entry as object, { Layers: ['gone.tar', 'gone2.tar'] }),
  ],
  [
    'fewer layers than diffIDs',
    'ARCHIVE_INVALID',
    (_, [entry]) => Object.assign(entry as object, { Layers: [] }),
  ],
  [
    'layers in another order',
    'DIFF_ID_MISMATCH',
    (_, [entry]) => (entry as { Layers: string[] }).Layers.reverse(),
  ],
  [
    'a layer that is a link out of the archive',
    'ARCHIVE_INVALID',
    (members) => {
      const at = members.findIndex(({ entry }) => entry.path.endsWith('layer.tar'));
      const { path } = (members[at] as TarInput).entry;
      members[at] = { entry: makeTarEntry({ type: 'symlink', path, linkPath: '../../../../etc/passwd' }) };
    },
  ],
  [
    'a device',
    'ARCHIVE_INVALID',
    (members) =>
      members.push({ entry: makeTarEntry({ type: 'char', path: 'null', devMajor: 1, devMinor: 3 }) }),
  ],
];

for (const [what, code, change] of hostile) {
  test(`attack 11: load() refuses ${what} and leaves nothing`, async () => {
    await using engine = await openTestImages();
    const image = await randomImage({ seed: 'hostile', layers: 2 });
    const archive = await dockerArchive([{ image, names: ['a:1'] }], (members, manifest) =>
      change(members, manifest as Record<string, unknown>[]),
    );
    await assert.rejects(engine.images.load(inPieces(archive)), (error: Error & { code?: string }) => {
      assert.equal(error.code, code, error.message);
      return true;
    });
    await assertNothingLeft(engine);
  });
}

test('attack 11: an image id is what the config hashes to, whatever the archive calls it', async () => {
  await using engine = await openTestImages();
  const [mine, other] = [
    await randomImage({ seed: 'mine', layers: 1 }),
    await randomImage({ seed: 'other', layers: 1 }),
  ];
  const archive = await dockerArchive([{ image: mine, names: ['a:1'] }], (members, manifest) => {
    const claimed = `${digestHex(other.manifest.config.digest)}.json`;
    members[0] = file(claimed, mine.blobs.get(mine.manifest.config.digest) as Uint8Array);
    Object.assign(manifest[0] as object, { Config: claimed });
  });
  await engine.images.load(inPieces(archive));
  assert.equal((await engine.images.find('a:1'))?.id, mine.manifest.config.digest);
  assert.equal(await engine.images.find(other.manifest.config.digest), undefined);
});

test('attack 9: load() stops at what is made to fill the disk, at garbage and at a cut, with nothing left', async () => {
  await using engine = await openTestImages();
  const refuses = async (bytes: AsyncIterable<Uint8Array>, what: RegExp) => {
    await assert.rejects(engine.images.load(bytes), (error: Error) => what.test(error.message));
    await assertNothingLeft(engine);
  };
  async function* bomb(): AsyncGenerator<Uint8Array> {
    // 1.5 GiB of zeros in about 1.5 MB.
    const zeros = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 });
    for (let count = 0; count < 24; count += 1) yield zeros;
  }
  await refuses(bomb(), /grows to more than 200 times its size/);
  await refuses(inPieces(Buffer.from('this is no tar, and there is enough of it'.repeat(50))), /tar/i);
  await refuses(inPieces(Buffer.alloc(0)), /tar header/);
  await refuses(writeTar([]), /neither manifest.json nor index.json/);
  await refuses(inPieces(Buffer.from('fd377a585a000004e6d6b446', 'hex')), /compressed with xz/);
  const whole = await dockerArchive([
    { image: await randomImage({ seed: 'cut', layers: 1 }), names: ['a:1'] },
  ]);
  await refuses(inPieces(whole.subarray(0, whole.length - 3000)), /tar|archive/i);
  await refuses(inPieces(gzipSync(whole).subarray(0, 2000)), /gzip/);
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield whole.subarray(0, 1000);
    throw new Error('the client went');
  }
  await refuses(broken(), /the client went/);
});

test('attack 9: manifest.json of a hostile size is not read into memory', async () => {
  await using engine = await openTestImages();
  const huge = Buffer.concat([Buffer.from('['), Buffer.alloc(17 * 1024 * 1024, ' '), Buffer.from(']')]);
  const archive = await bytesOf(writeTar([file('manifest.json', huge)]));
  await assert.rejects(engine.images.load(inPieces(archive)), { code: 'SIZE_MISMATCH' });
  await assertNothingLeft(engine);
});

test('load() keeps the images before a broken one', async () => {
  await using engine = await openTestImages();
  const [good, bad] = [
    await randomImage({ seed: 'good', layers: 1 }),
    await randomImage({ seed: 'bad', layers: 1 }),
  ];
  const archive = await dockerArchive(
    [
      { image: good, names: ['good:1'] },
      { image: bad, names: ['bad:1'] },
    ],
    (members) => {
      const at = members.findLastIndex(({ entry }) => entry.path.endsWith('layer.tar'));
      const { entry, content } = members[at] as TarInput & { readonly content: [Buffer] };
      const changed = Buffer.from(content[0]);
      changed[1200] = (changed[1200] as number) ^ 1;
      members[at] = file(entry.path, changed);
    },
  );
  await assert.rejects(engine.images.load(inPieces(archive)), { code: 'DIFF_ID_MISMATCH' });
  assert.deepEqual(
    (await engine.images.list({ all: true })).map(({ RepoTags }) => RepoTags),
    [['good:1']],
  );
  await engine.images.remove('good:1');
  await assertNothingLeft(engine);
});

test('importTar() makes an image of one layer, and refuses before a byte is read', async () => {
  await using engine = await openTestImages();
  let isRead = false;
  async function* watched(): AsyncGenerator<Uint8Array> {
    isRead = true;
    yield* smallTar({ a: 'x' });
  }
  await assert.rejects(engine.images.importTar(watched(), { reference: 'UP' }), {
    code: 'REFERENCE_INVALID',
  });
  await assert.rejects(engine.images.importTar(watched(), { changes: ['FROM x'] }), {
    code: 'CONFIG_REFUSED',
  });
  assert.equal(isRead, false);
  const tar = await bytesOf(smallTar({ 'etc/x': 'y' }));
  const id = await engine.images.importTar(inPieces(gzipSync(tar)), {
    reference: 'app',
    message: 'mine',
    source: 'http://example/x.tar',
    platform: 'linux/arm64',
    changes: ['ENV A=b'],
  });
  const shown = await engine.images.inspect('app');
  assert.deepEqual(
    [shown.Id, shown.Architecture, shown.Comment, shown.Config],
    [id, 'arm64', 'mine', { Env: ['A=b'] }],
  );
  assert.deepEqual(shown.RootFS.Layers, [digestBytes(tar)]);
  await engine.images.remove('app');
  await assert.rejects(engine.images.importTar(inPieces(tar.subarray(0, 700))), /tar/i);
  await assert.rejects(
    engine.images.importTar(writeTar([file('../escape', 'x')])),
    (error: Error & { code?: string }) => error.code === 'LAYER_REFUSED',
  );
  await assertNothingLeft(engine);
});
