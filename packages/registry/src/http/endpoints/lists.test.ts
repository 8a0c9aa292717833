import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorsOf, makeImage, makeIndex, refusalOf, TestClient } from '../../testing/client.ts';
import { startTestRegistry } from '../../testing/test-registry.ts';

async function walk(client: TestClient, path: string, key: string): Promise<readonly (readonly string[])[]> {
  const pages: string[][] = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    const answer: Response = await client.request(next);
    pages.push(((await answer.json()) as Record<string, string[]>)[key] ?? []);
    next = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  return pages;
}

describe('lists', () => {
  it('give tags in ASCII order, in pages', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const image = makeImage();
    await client.push(`${image.digest}?tag=b&tag=B&tag=a1&tag=_x&tag=a.1&tag=1`, image);
    const sorted = ['1', 'B', '_x', 'a.1', 'a1', 'b'];
    assert.deepEqual(await walk(client, '/v2/team/app/tags/list', 'tags'), [sorted]);
    assert.deepEqual(await walk(client, '/v2/team/app/tags/list?n=4', 'tags'), [
      sorted.slice(0, 4),
      sorted.slice(4),
    ]);
    assert.deepEqual(await walk(client, '/v2/team/app/tags/list?n=6', 'tags'), [sorted]);
    assert.deepEqual(await walk(client, '/v2/team/app/tags/list?last=a', 'tags'), [['a.1', 'a1', 'b']]);
    const none = await client.request('tags/list?n=0');
    assert.deepEqual(await none.json(), { name: 'team/app', tags: [] });
    assert.equal(none.headers.get('link'), null);
    for (const n of ['-1', 'x', '1.5', '']) {
      assert.equal(
        await refusalOf(await client.request(`tags/list?n=${n}`)),
        '400 PAGINATION_NUMBER_INVALID',
        n,
      );
    }
    assert.equal((await client.request('tags/list?n=999999')).status, 200);
    assert.equal(await refusalOf(await client.request('/v2/team/none/tags/list')), '404 NAME_UNKNOWN');
  });

  it('give repositories in pages, to those who may see them', async () => {
    await using server = await startTestRegistry();
    const names = ['a/one', 'a/two', 'b', 'library/hello'];
    for (const name of names) await new TestClient(server.url, name).push('latest', makeImage());
    const client = new TestClient(server.url, 'a/one');
    assert.deepEqual(await walk(client, '/v2/_catalog?n=3', 'repositories'), [
      names.slice(0, 3),
      names.slice(3),
    ]);
    await using closed = await startTestRegistry({
      authorizer: {
        authorize: async ({ access }) =>
          access[0]?.type === 'catalog'
            ? { allowed: false, reason: 'denied', message: 'Only administrators list all repositories' }
            : { allowed: true, subject: 'alice' },
      },
    });
    assert.equal(
      await refusalOf(await new TestClient(closed.url, 'a').request('/v2/_catalog')),
      '403 DENIED',
    );
  });

  it('give the referrers of a manifest, filtered and empty too', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const image = makeImage();
    const signature = makeImage({
      subject: image.descriptor,
      artifactType: 'application/vnd.example.signature',
      annotations: { by: 'alice' },
    });
    const plain = makeImage({ subject: image.descriptor });
    const index = makeIndex([], { subject: image.descriptor });
    const answer = await client.push(signature.digest, signature);
    assert.equal(answer.headers.get('oci-subject'), image.digest);
    await client.push(plain.digest, plain);
    await client.push(index.digest, index);
    const listed = await client.request(`referrers/${image.digest}`);
    assert.equal(listed.headers.get('content-type'), 'application/vnd.oci.image.index.v1+json');
    const { manifests } = (await listed.json()) as { manifests: readonly Record<string, unknown>[] };
    const byDigest = new Map(manifests.map((each) => [each.digest, each]));
    assert.equal(byDigest.size, 3);
    assert.deepEqual(byDigest.get(signature.digest), {
      ...signature.descriptor,
      artifactType: 'application/vnd.example.signature',
      annotations: { by: 'alice' },
    });
    assert.equal(byDigest.get(plain.digest)?.artifactType, 'application/vnd.oci.image.config.v1+json');
    assert.equal('artifactType' in (byDigest.get(index.digest) ?? {}), false);
    const filtered = await client.request(
      `referrers/${image.digest}?artifactType=application/vnd.example.signature`,
    );
    assert.equal(filtered.headers.get('oci-filters-applied'), 'artifactType');
    assert.equal(((await filtered.json()) as { manifests: unknown[] }).manifests.length, 1);
    await client.request(`manifests/${plain.digest}`, { method: 'DELETE' });
    const fewer = (await (await client.request(`referrers/${image.digest}`)).json()) as {
      manifests: unknown[];
    };
    assert.equal(fewer.manifests.length, 2);
    const none = await client.request(`/v2/no/such/referrers/${image.digest}`);
    assert.equal(none.status, 200);
    assert.deepEqual(((await none.json()) as { manifests: unknown[] }).manifests, []);
    assert.equal(await refusalOf(await client.request('referrers/sha256:short')), '400 DIGEST_INVALID');
  });

  it('give many referrers in pages', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const subject = makeImage().descriptor;
    for (let at = 0; at < 201; at += 1)
      await client.push(`t${at}`, makeIndex([], { subject, annotations: { at: String(at) } }));
    const first = await client.request(`referrers/${subject.digest}`);
    const next = /^<([^>]+)>/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await client.request(next);
    assert.equal(second.headers.get('link'), null);
    assert.equal(((await second.json()) as { manifests: unknown[] }).manifests.length, 1);
  });

  it('answer names, paths and methods that do not exist with the reason', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const cases: readonly (readonly [method: string, path: string, refusal: string])[] = [
      ['GET', '/v2/Team/app/tags/list', '400 NAME_INVALID'],
      ['GET', `/v2/${'a'.repeat(256)}/tags/list`, '400 NAME_INVALID'],
      ['GET', '/v2/team//app/tags/list', '400 NAME_INVALID'],
      ['POST', '/v2/users/app/blobs/uploads/', '400 NAME_INVALID'],
      ['PUT', '/v2/api/app/manifests/latest', '400 NAME_INVALID'],
      ['GET', '/v2/team/app/manifests/a/b', '404 UNSUPPORTED'],
      ['GET', '/v2/%E0%A4%A/manifests/x', '404 UNSUPPORTED'],
      ['POST', '/v2/team/app/manifests/latest', '405 UNSUPPORTED'],
      ['PATCH', '/v2/', '405 UNSUPPORTED'],
      ['GET', '/v2/team/app/blobs/uploads/00000000-0000-0000-0000-000000000000', '404 BLOB_UPLOAD_UNKNOWN'],
      ['GET', '/v2/team/app/blobs/uploads/..%2F..%2Fetc', '404 UNSUPPORTED'],
    ];
    for (const [method, path, refusal] of cases) {
      assert.equal(await refusalOf(await client.request(path, { method })), refusal, `${method} ${path}`);
    }
    const [reserved] = await errorsOf(
      await client.request('/v2/users/app/blobs/uploads/', { method: 'POST' }),
    );
    assert.match(reserved?.message ?? '', /"users" is reserved/);
    const [upper] = await errorsOf(await client.request('/v2/Team/app/tags/list'));
    assert.match(upper?.message ?? '', /upper case.*"team\/app"/s);
    assert.equal(
      (await client.request('/v2/')).headers.get('docker-distribution-api-version'),
      'registry/2.0',
    );
    // A name may hold the words of the endpoints.
    const odd = new TestClient(server.url, 'manifests/blobs/tags');
    await odd.push('list', makeImage());
    assert.equal((await odd.request('manifests/list')).status, 200);
    assert.deepEqual(server.faults, []);
  });

  it('tell callers with too many wrong passwords when to come back', async () => {
    await using server = await startTestRegistry({
      authorizer: {
        authorize: async () => ({
          allowed: false,
          reason: 'tooManyRequests',
          message: 'Too many wrong passwords',
          retryAfterSeconds: 30,
        }),
      },
    });
    const answer = await new TestClient(server.url, 'team/app').request('/v2/');
    assert.equal(answer.headers.get('retry-after'), '30');
    assert.equal(await refusalOf(answer), '429 TOOMANYREQUESTS');
  });

  it('serve one connection after another answer, also after bodies that were not read', async () => {
    await using server = await startTestRegistry({ limits: { blobMaxSizeBytes: 100_000 } });
    const client = new TestClient(server.url, 'team/app');
    for (let at = 0; at < 20; at += 1) {
      const path = await client.startUpload();
      const answer = await client.request(path, { method: 'PATCH', body: new Uint8Array(500_000) });
      assert.equal(await refusalOf(answer), '413 TOO_LARGE');
      const early = await client.request('manifests/.bad', { method: 'PUT', body: new Uint8Array(500_000) });
      assert.equal(await refusalOf(early), '400 TAG_INVALID');
    }
  });
});
