import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { describe, it } from 'node:test';
import { digestBytes } from '@berth/oci';
import { refusalOf, TestClient } from '../../testing/client.ts';
import { startTestRegistry } from '../../testing/test-registry.ts';

describe('blobs', () => {
  it('come back whole and in ranges', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const bytes = randomBytes(300_000);
    const path = `blobs/${await client.pushBlob(bytes)}`;
    const whole = await client.request(path);
    assert.equal(whole.headers.get('content-length'), '300000');
    assert.match(whole.headers.get('cache-control') ?? '', /immutable/);
    assert.deepEqual(Buffer.from(await whole.arrayBuffer()), bytes);
    const head = await client.request(path, { method: 'HEAD' });
    assert.equal(head.headers.get('content-length'), '300000');
    assert.equal((await head.arrayBuffer()).byteLength, 0);

    const cases: readonly (readonly [range: string, first: number, last: number])[] = [
      ['bytes=0-0', 0, 0],
      ['bytes=500-1499', 500, 1499],
      ['bytes=299000-', 299_000, 299_999],
      ['bytes=-10', 299_990, 299_999],
      ['bytes=-999999', 0, 299_999],
      ['bytes=100000-999999', 100_000, 299_999],
    ];
    for (const [range, first, last] of cases) {
      const part = await client.request(path, { headers: { range } });
      assert.equal(part.status, 206, range);
      assert.equal(part.headers.get('content-range'), `bytes ${first}-${last}/300000`);
      assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(first, last + 1), range);
    }
    for (const range of ['bytes=300000-', 'bytes=500-0', 'bytes=-0']) {
      const refused = await client.request(path, { headers: { range } });
      assert.equal(refused.headers.get('content-range'), 'bytes */300000');
      assert.equal(await refusalOf(refused), '416 RANGE_INVALID', range);
    }
    const etag = whole.headers.get('etag') ?? '';
    const same = await client.request(path, { headers: { range: 'bytes=0-9', 'if-range': etag } });
    assert.equal((await same.arrayBuffer()).byteLength, 10);
    const changed = await client.request(path, { headers: { range: 'bytes=0-9', 'if-range': '"other"' } });
    assert.equal((await changed.arrayBuffer()).byteLength, 300_000);
    assert.equal((await client.request(path, { headers: { 'if-none-match': etag } })).status, 304);
  });

  it('of another repository, of no repository, and with a bad digest are refused', async () => {
    await using server = await startTestRegistry();
    const digest = await new TestClient(server.url, 'team/app').pushBlob(Buffer.from('secret'));
    const other = new TestClient(server.url, 'team/other');
    assert.equal(await refusalOf(await other.request(`blobs/${digest}`)), '404 BLOB_UNKNOWN');
    assert.equal(await refusalOf(await other.request('blobs/md5:abc')), '400 DIGEST_INVALID');
  });

  it('are gone at once when deleted, from this repository alone', async () => {
    await using server = await startTestRegistry();
    const [one, two] = [new TestClient(server.url, 'a/one'), new TestClient(server.url, 'a/two')];
    const digest = await one.pushBlob(Buffer.from('shared'));
    await two.pushBlob(Buffer.from('shared'));
    assert.equal((await one.request(`blobs/${digest}`, { method: 'DELETE' })).status, 202);
    assert.equal((await one.request(`blobs/${digest}`, { method: 'HEAD' })).status, 404);
    assert.equal(await (await two.request(`blobs/${digest}`)).text(), 'shared');
    assert.equal(
      await refusalOf(await one.request(`blobs/${digest}`, { method: 'DELETE' })),
      '404 BLOB_UNKNOWN',
    );
  });

  it('are mounted from a repository that the caller may pull, and only from there', async () => {
    await using server = await startTestRegistry({
      authorizer: {
        authorize: async ({ access }) =>
          access.some(
            (each) => each.type === 'repository' && each.name === 'secret/app' && each.action === 'pull',
          ) && !access.some((each) => each.type === 'repository' && each.action === 'push')
            ? { allowed: false, reason: 'denied', message: 'No' }
            : { allowed: true, subject: 'alice' },
      },
    });
    const client = new TestClient(server.url, 'team/new');
    const open = await new TestClient(server.url, 'team/app').pushBlob(Buffer.from('open'));
    const secret = await new TestClient(server.url, 'secret/app').pushBlob(Buffer.from('secret'));
    const mount = (digest: string, from = ''): Promise<Response> =>
      client.request(`blobs/uploads/?mount=${digest}${from}`, { method: 'POST' });
    const mounted = await mount(open, '&from=team/app');
    assert.equal(mounted.status, 201);
    assert.equal(mounted.headers.get('location'), `/v2/team/new/blobs/${open}`);
    assert.equal(await (await client.request(`blobs/${open}`)).text(), 'open');
    assert.equal((await mount(secret, '&from=secret/app')).status, 202);
    assert.equal((await mount(secret)).status, 202);
    assert.equal((await mount(open)).status, 201);
    assert.equal((await mount(digestBytes('nowhere'), '&from=team/app')).status, 202);
    assert.equal((await mount(open, '&from=NOT/A/NAME')).status, 202);
    assert.equal((await client.request(`blobs/${secret}`, { method: 'HEAD' })).status, 404);
  });

  it('by a client that stops reading do not keep the registry busy', async () => {
    await using server = await startTestRegistry({ limits: { idleTimeoutMs: 200 } });
    const client = new TestClient(server.url, 'team/app');
    const size = 20_000_000;
    const digest = await client.pushBlob(randomBytes(size));
    await new Promise<void>((resolve, reject) => {
      const asked = get(`${server.url}/v2/team/app/blobs/${digest}`, (answer) => {
        answer.pause();
        answer.once('close', resolve);
        answer.once('error', () => resolve());
        // Nothing is read while it is paused, so the hang-up is only seen when it reads on.
        const wait = setInterval(() => {
          if (!server.access.some((record) => record.method === 'GET')) return;
          clearInterval(wait);
          answer.resume();
        }, 20);
      });
      asked.once('error', reject);
    });
    assert.ok(server.access.some((record) => record.bytesOut > 0 && record.bytesOut < size));
  });
});
