import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Digest, digestBytes } from '@berth/oci';
import { randomImage, randomIndex } from '@berth/oci/testing';
import {
  copyImage,
  type ImageSource,
  openArchive,
  openArchiveSink,
  openLayout,
  openOciArchive,
  openRemote,
} from '@berth/transfer';
import { sourceOf, sourceOfIndex } from '@berth/transfer/testsuite';
import { debianImage } from '../lab/debian-image.ts';
import { startDebianRegistry } from '../lab/debian-registry.ts';
import { startDockerd } from '../lab/dockerd.ts';
import { openPeers } from '../lab/peers.ts';
import { startRegistryServer } from './registry-server.ts';

async function workFolder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'berth-peers-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Digest of the config: the image ID. */
async function imageID(source: ImageSource, reference?: string): Promise<Digest> {
  const { bytes } = await source.manifest(await source.resolve(reference));
  return JSON.parse(Buffer.from(bytes).toString()).config.digest;
}

test('skopeo and umoci read the layout we write', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const work = await workFolder(t);
  const image = await randomImage({ seed: 'for skopeo', layers: 3 });
  await using layout = openLayout({ path: join(work, 'ours') });
  await copyImage(sourceOf({ v: image }), layout, { tags: ['v1'] });
  await lab.must('skopeo', ['copy', `oci:${work}/ours:v1`, `oci:${work}/theirs:v1`]);
  await using theirs = openLayout({ path: join(work, 'theirs') });
  assert.equal((await theirs.resolve('v1')).digest, image.descriptor.digest);
  await lab.must('umoci', ['unpack', '--rootless', '--image', `${work}/ours:v1`, `${work}/bundle`]);
  await lab.must('umoci', ['tag', '--image', `${work}/ours:v1`, 'v2']);
  assert.deepEqual(await Array.fromAsync(layout.tags()), ['v1', 'v2']);
  await copyImage(sourceOf({ v: image }), layout, { tags: ['v3'] });
  assert.match(await lab.must('umoci', ['ls', '--layout', `${work}/ours`]), /v1\nv2\nv3/);
});

test('we read the archives and layouts skopeo writes, and it reads ours', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const work = await workFolder(t);
  const { layout } = await debianImage(lab);
  await lab.must('skopeo', [
    'copy',
    `oci:${layout}:debian`,
    `docker-archive:${work}/d.tar:example.org/debian:12`,
  ]);
  await lab.must('skopeo', ['copy', `oci:${layout}:debian`, `oci-archive:${work}/o.tar:debian`]);
  await using original = openLayout({ path: layout });
  await using archive = await openArchive({ path: join(work, 'd.tar') });
  await using ociArchive = await openOciArchive({ path: join(work, 'o.tar') });
  assert.equal(await imageID(archive, 'example.org/debian:12'), await imageID(original, 'debian'));
  assert.equal((await ociArchive.resolve('debian')).digest, (await original.resolve('debian')).digest);
  {
    await using sink = await openArchiveSink({
      path: join(work, 'ours.tar'),
      repository: 'example.org/again',
    });
    await copyImage(ociArchive, sink, { reference: 'debian', tags: ['12'] });
  }
  const inspected = await lab.must('skopeo', [
    'inspect',
    '--config',
    '--raw',
    `docker-archive:${work}/ours.tar`,
  ]);
  assert.equal(digestBytes(inspected), await imageID(original, 'debian'));
});

test('podman and dockerd load our docker-archive, and we read what they save', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const work = await workFolder(t);
  await using server = await startRegistryServer();
  const { layout } = await debianImage(lab);
  await using original = openLayout({ path: layout });
  const id = await imageID(original, 'debian');
  {
    await using sink = await openArchiveSink({ path: join(work, 'ours.tar'), repository: 'localhost/ours' });
    await copyImage(original, sink, { reference: 'debian', tags: ['12'] });
  }
  await lab.must('podman', ['load', '--input', `${work}/ours.tar`]);
  await lab.must('podman', [
    'save',
    '--format',
    'docker-archive',
    '--output',
    `${work}/podman.tar`,
    'localhost/ours:12',
  ]);
  await using dockerd = await startDockerd(lab);
  await dockerd.docker(['load', '--input', `${work}/ours.tar`]);
  await dockerd.docker(['save', '--output', `${work}/docker.tar`, 'localhost/ours:12']);
  for (const name of ['podman', 'docker']) {
    await using saved = await openArchive({ path: join(work, `${name}.tar`) });
    assert.equal(await imageID(saved, 'localhost/ours:12'), id, name);
    await using sink = await openRemote({
      registry: server.host,
      repository: `from/${name}`,
      access: 'push',
    });
    await copyImage(saved, sink, { reference: '12', tags: ['12'] });
    assert.equal(
      (await dockerd.docker(['pull', '--quiet', `${server.host}/from/${name}:12`])).trim(),
      `${server.host}/from/${name}:12`,
    );
  }
});

test('an image goes through Debian’s docker-registry and back', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  await using registry = await startDebianRegistry(lab);
  const index = await randomIndex({
    seed: 'docker-registry',
    platforms: [
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64' },
    ],
    sizeBytes: 200_000,
  });
  const place = { registry: registry.host, repository: 'team/app' };
  await using sink = await openRemote({ ...place, access: 'push' });
  const first = await copyImage(sourceOfIndex(index, 'all'), sink, { tags: ['v1', 'v2'] });
  assert.equal(first.descriptor.digest, index.descriptor.digest);
  await using mounted = await openRemote({ ...place, repository: 'team/other', access: 'push' });
  await using source = await openRemote(place);
  const second = await copyImage(source, mounted, { reference: 'v1', tags: ['v1'] });
  assert.equal(second.blobs.copied, 0);
  await using layout = openLayout({ path: await workFolder(t) });
  const third = await copyImage(source, layout, { reference: 'v2', tags: ['v2'] });
  assert.equal(third.descriptor.digest, index.descriptor.digest);
  assert.deepEqual((await Array.fromAsync(source.tags())).sort(), ['v1', 'v2']);
});

test('a registry’s certificate is trusted by folder or by setting, and by nothing else', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const work = await workFolder(t);
  await lab.must('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
    ...['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', `${work}/key.pem`, '-out', `${work}/cert.pem`],
  ]);
  const [key, cert] = await Promise.all([
    readFile(`${work}/key.pem`, 'utf8'),
    readFile(`${work}/cert.pem`, 'utf8'),
  ]);
  await using server = await startRegistryServer({ tls: { key, cert } });
  const folders = join(work, 'certs.d');
  await lab.must('install', ['-D', `${work}/cert.pem`, `${folders}/${server.host}/ca.crt`]);
  const image = await randomImage({ seed: 'tls' });
  const place = { registry: server.host, repository: 'team/app', access: 'push' } as const;
  for (const tls of [{ ca: [cert] }, { certificateFolders: [folders] }]) {
    await using sink = await openRemote({ ...place, tls });
    await copyImage(sourceOf({ v: image }), sink, { tags: ['v'] });
  }
  await using stranger = await openRemote({ ...place, tls: { certificateFolders: [] } });
  await assert.rejects(stranger.resolve('v'), { code: 'CERTIFICATE_UNTRUSTED' });
});
