import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestBytes } from '@berth/oci';
import { refusalOf, TestClient } from '../../testing/client.ts';
import { startTestRegistry, type TestRegistry } from '../../testing/test-registry.ts';

function patch(client: TestClient, path: string, bytes: Uint8Array, range?: string): Promise<Response> {
  return client.request(path, {
    method: 'PATCH',
    body: new Uint8Array(bytes),
    headers: range === undefined ? {} : { 'content-range': range },
  });
}

async function stagingOf(server: TestRegistry): Promise<number> {
  let count = 0;
  for await (const _ of server.blobs.listIngests()) count += 1;
  return count;
}

/** Sends some bytes of a larger body, then hangs up. */
function sendAndVanish(url: string, method: string, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const sent = request(url, { method, headers: { 'content-length': 10_000_000 } });
    sent.on('error', () => resolve());
    sent.write(bytes, () => setTimeout(() => sent.destroy(), 50));
    sent.on('close', () => resolve());
  });
}

async function until(claim: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await claim()) return;
    await sleep(20);
  }
  assert.fail('It did not become true');
}

describe('uploads', () => {
  it('work as one POST, as POST and PUT, as a stream, and in chunks', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const bytes = randomBytes(3000);
    const digest = digestBytes(bytes);

    const single = await client.request(`blobs/uploads/?digest=${digest}`, { method: 'POST', body: bytes });
    assert.equal(single.status, 201);
    assert.equal(single.headers.get('location'), `/v2/team/app/blobs/${digest}`);

    await client.pushBlob(bytes);

    const stream = await client.startUpload();
    const streamed = await patch(client, stream, bytes);
    assert.equal(streamed.status, 202);
    assert.equal(streamed.headers.get('range'), '0-2999');
    const ended = await client.request(`${stream}?digest=${digest}`, { method: 'PUT' });
    assert.equal(ended.status, 201);
    assert.equal(ended.headers.get('docker-content-digest'), digest);

    const chunks = await client.startUpload();
    assert.equal(
      (await patch(client, chunks, bytes.subarray(0, 1000), '0-999')).headers.get('range'),
      '0-999',
    );
    assert.equal((await patch(client, chunks, bytes.subarray(1000, 2000), '1000-1999')).status, 202);
    const status = await client.request(chunks);
    assert.equal(status.status, 204);
    assert.equal(status.headers.get('range'), '0-1999');
    const last = await client.request(`${chunks}?digest=${digest}`, {
      method: 'PUT',
      body: bytes.subarray(2000),
      headers: { 'content-range': '2000-2999' },
    });
    assert.equal(last.status, 201);
    assert.equal(await stagingOf(server), 0);
    assert.equal((await server.registry.check()).counts.uploads, 0);
  });

  it('take sha512, announced or not, and the empty blob', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const bytes = randomBytes(1000);
    const digest = digestBytes(bytes, 'sha512');
    const started = await client.request('blobs/uploads/?digest-algorithm=sha512', { method: 'POST' });
    const answer = await client.request(`${started.headers.get('location')}?digest=${digest}`, {
      method: 'PUT',
      body: bytes,
    });
    assert.equal(answer.status, 201);
    await client.pushBlob(bytes, digestBytes(bytes, 'sha512'));
    await client.pushBlob(Buffer.alloc(0));
    assert.equal((await client.request(`blobs/${digestBytes('')}`)).headers.get('content-length'), '0');
    const unknown = await client.request('blobs/uploads/?digest-algorithm=md5', { method: 'POST' });
    assert.equal(await refusalOf(unknown), '400 DIGEST_INVALID');
  });

  it('refuse chunks out of order with the position to go on from', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const bytes = randomBytes(2000);
    const path = await client.startUpload();
    await patch(client, path, bytes.subarray(0, 1000), '0-999');
    for (const range of ['1500-2499', '0-999']) {
      const refused = await patch(client, path, bytes.subarray(0, 1000), range);
      assert.equal(refused.headers.get('range'), '0-999');
      assert.equal(refused.headers.get('location'), path);
      assert.equal(await refusalOf(refused), '416 RANGE_INVALID');
    }
    assert.equal(
      await refusalOf(await patch(client, path, bytes.subarray(1000), '1000-1998')),
      '400 SIZE_INVALID',
    );
    assert.equal(
      await refusalOf(await patch(client, path, bytes.subarray(1000), 'from 1000')),
      '416 RANGE_INVALID',
    );
    const finish = await client.request(`${path}?digest=${digestBytes(bytes)}`, {
      method: 'PUT',
      body: bytes.subarray(1000),
      headers: { 'content-range': '1000-1999' },
    });
    assert.equal(finish.status, 201);
  });

  it('with other bytes than announced leave nothing', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const wrong = digestBytes('other');
    const path = await client.startUpload();
    const put = await client.request(`${path}?digest=${wrong}`, { method: 'PUT', body: 'bytes' });
    assert.equal(await refusalOf(put), '400 DIGEST_INVALID');
    assert.equal(await refusalOf(await client.request(path)), '404 BLOB_UPLOAD_UNKNOWN');
    const post = await client.request(`blobs/uploads/?digest=${wrong}`, { method: 'POST', body: 'bytes' });
    assert.equal(await refusalOf(post), '400 DIGEST_INVALID');
    const missing = await client.request(await client.startUpload(), { method: 'PUT', body: 'bytes' });
    assert.equal(await refusalOf(missing), '400 DIGEST_INVALID');
    assert.equal(await stagingOf(server), 0);
    const { findings, counts } = await server.registry.check({ deep: true });
    assert.deepEqual(findings, []);
    assert.equal(counts.blobs, 0);
    assert.equal(counts.repositories, 0);
  });

  it('larger than a blob may be are refused while they come', async () => {
    await using server = await startTestRegistry({ limits: { blobMaxSizeBytes: 1_000_000 } });
    const client = new TestClient(server.url, 'team/app');
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(64 * 1024);
    }
    const path = await client.startUpload();
    const body = ReadableStream.from(endless());
    const answer = await client.request(path, { method: 'PATCH', body, duplex: 'half' });
    assert.equal(await refusalOf(answer), '413 TOO_LARGE');
  });

  it('are cancelled', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const path = await client.startUpload();
    await patch(client, path, Buffer.from('some'));
    assert.equal((await client.request(path, { method: 'DELETE' })).status, 204);
    assert.equal(await refusalOf(await client.request(path)), '404 BLOB_UPLOAD_UNKNOWN');
    assert.equal(await stagingOf(server), 0);
  });

  it('belong to one repository and one subject', async () => {
    await using server = await startTestRegistry({
      authorizer: {
        authorize: async ({ authorization }) => ({ allowed: true, subject: authorization ?? 'nobody' }),
      },
    });
    const alice = new TestClient(server.url, 'team/app', { authorization: 'alice' });
    const path = await alice.startUpload();
    const bob = new TestClient(server.url, 'team/app', { authorization: 'bob' });
    assert.equal(await refusalOf(await bob.request(path)), '404 BLOB_UPLOAD_UNKNOWN');
    const elsewhere = path.replace('team/app', 'team/other');
    assert.equal(await refusalOf(await alice.request(elsewhere)), '404 BLOB_UPLOAD_UNKNOWN');
    assert.equal((await alice.request(path)).status, 204);
  });

  it('have one writer at a time', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const path = await client.startUpload();
    const [start, end] = [randomBytes(4_000_000), Buffer.from('the end')];
    let letGo = (): void => {};
    const hold = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield start;
      await hold;
      yield end;
    }
    const first = client.request(path, {
      method: 'PATCH',
      body: ReadableStream.from(slow()),
      duplex: 'half',
    });
    await until(async () => (await client.request(path)).headers.get('range') !== '0-0');
    assert.equal(
      await refusalOf(await patch(client, path, Buffer.from('second'))),
      '409 BLOB_UPLOAD_INVALID',
    );
    letGo();
    assert.equal((await first).headers.get('range'), '0-4000006');
    const digest = digestBytes(Buffer.concat([start, end]));
    assert.equal((await client.request(`${path}?digest=${digest}`, { method: 'PUT' })).status, 201);
  });

  it('of one blob by 10 pushers at once make one blob', async () => {
    await using server = await startTestRegistry();
    const bytes = randomBytes(200_000);
    await Promise.all(
      Array.from({ length: 10 }, (_, at) => new TestClient(server.url, `team/app${at % 3}`).pushBlob(bytes)),
    );
    const { findings, counts } = await server.registry.check({ deep: true });
    assert.deepEqual(findings, []);
    assert.equal(counts.blobs, 1);
    assert.equal(counts.repositories, 3);
  });

  it('go on after the client was gone', async () => {
    await using server = await startTestRegistry();
    const client = new TestClient(server.url, 'team/app');
    const bytes = randomBytes(500_000);
    const path = await client.startUpload();
    await sendAndVanish(`${server.url}${path}`, 'PATCH', bytes.subarray(0, 200_000));
    // The first answer that knows of any bytes knows of all of them: it waits for the broken request to end.
    let range: string | null = '0-0';
    await until(async () => {
      range = (await client.request(path)).headers.get('range');
      return range !== '0-0';
    });
    assert.equal(range, '0-199999');
    assert.equal((await patch(client, path, bytes.subarray(200_000), '200000-499999')).status, 202);
    const end = await client.request(`${path}?digest=${digestBytes(bytes)}`, { method: 'PUT' });
    assert.equal(end.status, 201);
    assert.deepEqual(server.faults, []);
  });

  it('go on after a restart', async () => {
    await using server = await startTestRegistry();
    const bytes = randomBytes(500_000);
    const before = new TestClient(server.url, 'team/app');
    const path = await before.startUpload();
    await patch(before, path, bytes.subarray(0, 200_000));
    await server.stop();
    await using restarted = await startTestRegistry({ root: server.root });
    assert.deepEqual(restarted.registry.sweptAtStart, {
      undoneCommits: 0,
      expiredUploads: 0,
      orphanedIngests: 0,
    });
    const client = new TestClient(restarted.url, 'team/app');
    assert.equal((await client.request(path)).headers.get('range'), '0-199999');
    const end = await client.request(`${path}?digest=${digestBytes(bytes)}`, {
      method: 'PUT',
      body: bytes.subarray(200_000),
    });
    assert.equal(end.status, 201);
    assert.deepEqual((await restarted.registry.check({ deep: true })).findings, []);
  });

  it('from which nothing comes are cut off, and go on later', async () => {
    await using server = await startTestRegistry({ limits: { idleTimeoutMs: 150 } });
    const client = new TestClient(server.url, 'team/app');
    const path = await client.startUpload();
    const sent = request(`${server.url}${path}`, { method: 'PATCH', headers: { 'content-length': 1000 } });
    const isOver = new Promise<void>((resolve) => {
      sent.on('error', () => resolve());
      sent.on('close', () => resolve());
    });
    sent.write('half');
    await isOver;
    await until(async () => (await client.request(path)).headers.get('range') === '0-3');
  });

  it('of a whole blob by a client that vanished leave nothing', async () => {
    await using server = await startTestRegistry();
    const url = `${server.url}/v2/team/app/blobs/uploads/?digest=${digestBytes('never')}`;
    await sendAndVanish(url, 'POST', randomBytes(100_000));
    await until(
      async () => (await stagingOf(server)) === 0 && (await server.registry.check()).counts.uploads === 0,
    );
  });
});
