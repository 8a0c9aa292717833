import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Digest, digestBytes, MEDIA_TYPE_OCI_MANIFEST } from '@berth/oci';
import { errorsOf, makeImage, makeIndex, refusalOf, TestClient } from '../../testing/client.ts';
import { startTestRegistry } from '../../testing/test-registry.ts';

describe('manifests', () => {
  it('come back byte for byte, by tag and by digest', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const image = makeImage();
    const pushed = await client.push('1.0', image);
    assert.equal(pushed.headers.get('docker-content-digest'), image.digest);
    assert.equal(pushed.headers.get('location'), `/v2/team/app/manifests/${image.digest}`);
    for (const reference of ['1.0', image.digest]) {
      const answer = await client.request(`manifests/${reference}`);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type'), MEDIA_TYPE_OCI_MANIFEST);
      assert.equal(answer.headers.get('docker-content-digest'), image.digest);
      assert.deepEqual(Buffer.from(await answer.arrayBuffer()), image.bytes);
      const head = await client.request(`manifests/${reference}`, { method: 'HEAD' });
      assert.equal(head.headers.get('content-length'), String(image.bytes.length));
      const etag = head.headers.get('etag') ?? '';
      const again = await client.request(`manifests/${reference}`, {
        headers: { 'if-none-match': `W/${etag}, "x"` },
      });
      assert.equal(again.status, 304);
    }
  });

  it('are unknown by other names', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const image = makeImage();
    await client.push('1.0', image);
    const other = new TestClient(server.url, 'team/other');
    assert.equal(await refusalOf(await client.request('manifests/2.0')), '404 MANIFEST_UNKNOWN');
    assert.equal(await refusalOf(await other.request(`manifests/${image.digest}`)), '404 MANIFEST_UNKNOWN');
    assert.equal(await refusalOf(await client.request('manifests/sha256:abc')), '400 DIGEST_INVALID');
    assert.equal(await refusalOf(await client.request('manifests/.hidden')), '400 TAG_INVALID');
    assert.equal(await refusalOf(await client.request(`manifests/${'a'.repeat(129)}`)), '400 TAG_INVALID');
  });

  it('pushed twice move no tag and tell nobody', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const [first, second] = [makeImage(), makeImage()];
    await client.push('latest', first);
    await client.push('latest', first);
    await client.push('latest', second);
    const told = (await server.registry.events.read({ after: 0 })).map(({ event }) => event);
    assert.deepEqual(
      told.map((event) => event.type),
      ['repository.created', 'manifest.pushed', 'tag.moved', 'manifest.pushed', 'tag.moved'],
    );
    const last = told.at(-1);
    assert.ok(last?.type === 'tag.moved');
    assert.equal(last.previous, first.digest);
    assert.equal(last.digest, second.digest);
  });

  it('pushed by digest with tags get all of them', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const image = makeImage();
    const answer = await client.push(`${image.digest}?tag=1.2.3&tag=1.2&tag=latest`, image);
    assert.equal(answer.headers.get('oci-tag'), '1.2.3, 1.2, latest');
    const list = await (await client.request('tags/list')).json();
    assert.deepEqual(list, { name: 'team/app', tags: ['1.2', '1.2.3', 'latest'] });
    const many = Array.from({ length: 101 }, (_, at) => `tag=t${at}`).join('&');
    assert.equal(
      await refusalOf(await client.putManifest(`${image.digest}?${many}`, image)),
      '413 TOO_LARGE',
    );
  });

  it('may be pushed by sha512', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const image = makeImage();
    const digest = digestBytes(image.bytes, 'sha512');
    await client.push(digest, image);
    assert.equal((await client.request(`manifests/${digest}`)).status, 200);
    assert.equal((await client.request(`manifests/${image.digest}`)).status, 404);
  });

  it('with the wrong digest, type or shape are refused with the reason', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const image = makeImage();
    await client.push('good', image);
    const wrong = digestBytes('something else');
    assert.equal(await refusalOf(await client.putManifest(wrong, image)), '400 DIGEST_INVALID');
    const put = (body: string, mediaType: string): Promise<Response> =>
      client.putManifest('bad', {
        bytes: Buffer.from(body),
        descriptor: { mediaType, digest: wrong, size: 0 },
      });
    const unknown = await put('{}', 'application/vnd.example+json');
    assert.equal(unknown.status, 400);
    const [error] = await errorsOf(unknown);
    assert.equal(error?.code, 'MANIFEST_INVALID');
    assert.match(
      error?.message ?? '',
      /application\/vnd\.example\+json.*application\/vnd\.oci\.image\.index/s,
    );
    assert.equal(await refusalOf(await put('{', MEDIA_TYPE_OCI_MANIFEST)), '400 MANIFEST_INVALID');
    assert.equal(await refusalOf(await put('[]', MEDIA_TYPE_OCI_MANIFEST)), '400 MANIFEST_INVALID');
    const asDocker = {
      ...image,
      descriptor: { ...image.descriptor, mediaType: 'application/vnd.docker.distribution.manifest.v2+json' },
    };
    assert.equal(await refusalOf(await client.putManifest('bad', asDocker)), '400 MANIFEST_INVALID');
    assert.equal((await client.request('manifests/bad')).status, 404);
  });

  it('that name missing blobs are refused, each digest named, and nothing is made', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const image = makeImage();
    const refused = await client.putManifest('latest', image);
    assert.equal(refused.status, 400);
    const errors = await errorsOf(refused);
    assert.deepEqual(
      errors.map((error) => error.code),
      ['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN'],
    );
    assert.deepEqual(
      new Set(errors.map((error) => error.detail?.digest)),
      new Set(image.blobs.map((blob) => digestBytes(blob))),
    );
    assert.equal(await refusalOf(await client.request('tags/list')), '404 NAME_UNKNOWN');
  });

  it('of an index need their children, unless sparse ones are allowed', async () => {
    const child = makeImage({ platform: { os: 'linux', architecture: 'arm', variant: 'v7' } });
    const platform = { os: 'linux', architecture: 'arm', variant: 'v7' };
    const index = makeIndex([{ ...child.descriptor, platform }]);
    {
      await using server = await startTestRegistry();
      const client = new TestClient(server.url, 'team/app');
      const [error] = await errorsOf(await client.putManifest('latest', index));
      assert.equal(error?.code, 'MANIFEST_BLOB_UNKNOWN');
      assert.match(error?.message ?? '', /linux\/arm\/v7/);
      await client.push(child.digest, child);
      assert.equal((await client.putManifest('latest', index)).status, 201);
    }
    await using server = await startTestRegistry({ sparseManifests: true });
    assert.equal((await new TestClient(server.url, 'team/app').putManifest('latest', index)).status, 201);
  });

  it('that are too large are cut off early', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const announced = await client.putManifest('big', {
      bytes: Buffer.alloc(100 * 1024 * 1024, 0x20),
      descriptor: makeImage().descriptor,
    });
    assert.equal(await refusalOf(announced), '413 TOO_LARGE');
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(64 * 1024);
    }
    const body = ReadableStream.from(endless());
    const headers = { 'content-type': MEDIA_TYPE_OCI_MANIFEST };
    const endlessAnswer = await client.request('manifests/big', {
      method: 'PUT',
      body,
      duplex: 'half',
      headers,
    });
    assert.equal(await refusalOf(endlessAnswer), '413 TOO_LARGE');
  });

  it('are gone at once when deleted, with their tags', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const image = makeImage();
    await client.push('a', image);
    await client.push('b', image);
    assert.equal((await client.request('manifests/a', { method: 'DELETE' })).status, 202);
    assert.equal((await client.request('manifests/a', { method: 'HEAD' })).status, 404);
    assert.equal((await client.request('manifests/b', { method: 'HEAD' })).status, 200);
    assert.equal((await client.request(`manifests/${image.digest}`, { method: 'DELETE' })).status, 202);
    assert.equal((await client.request('manifests/b', { method: 'HEAD' })).status, 404);
    assert.equal(
      await refusalOf(await client.request('manifests/a', { method: 'DELETE' })),
      '404 MANIFEST_UNKNOWN',
    );
    const gone = digestBytes('gone') as Digest;
    assert.equal(
      await refusalOf(await client.request(`manifests/${gone}`, { method: 'DELETE' })),
      '404 MANIFEST_UNKNOWN',
    );
    assert.equal((await server.registry.queries.repositories({ limit: 10 }))[0]?.tagCount, 0);
    await client.push('a', image);
    assert.equal((await client.request('manifests/a')).status, 200);
  });

  it('of one tag by 20 pushers at once end with one of theirs, whole', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const images = Array.from({ length: 20 }, () => makeImage());
    await Promise.all(images.map((image) => client.push('latest', image)));
    const answer = await client.request('manifests/latest');
    const digest = digestBytes(Buffer.from(await answer.arrayBuffer()));
    assert.ok(images.some((image) => image.digest === digest));
    assert.equal(answer.headers.get('docker-content-digest'), digest);
    assert.deepEqual((await server.registry.check({ deep: true })).findings, []);
  });
});
