import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Descriptor, digestBytes, MEDIA_TYPE_OCI_LAYER, parseRepositoryName } from '@berth/oci';
import type { Authorizer } from '@berth/registry';
import { openRemote, type Remote } from '@berth/transfer';
import { close, listen, type RegistryServer, startRegistryServer } from './registry-server.ts';

const CREDENTIALS = { username: 'alice', password: 'secret' };
const QUICK = { attempts: 3, baseDelayMs: 1 };
const BYTES = Buffer.from('the bytes of a layer');
const BLOB: Descriptor = { mediaType: MEDIA_TYPE_OCI_LAYER, digest: digestBytes(BYTES), size: BYTES.length };
const FROM = parseRepositoryName('team/from');

async function registry(t: TestContext, authorizer?: Authorizer): Promise<RegistryServer> {
  const server = await startRegistryServer(authorizer === undefined ? {} : { authorizer });
  t.after(() => server[Symbol.asyncDispose]());
  return server;
}

async function repository(t: TestContext, host: string, name: string): Promise<Remote> {
  const options = { registry: host, repository: name, access: 'push', retry: QUICK } as const;
  const remote = await openRemote({ ...options, credentials: CREDENTIALS });
  t.after(() => remote[Symbol.asyncDispose]());
  return remote;
}

async function put(remote: Remote): Promise<void> {
  const open = async function* (): AsyncGenerator<Uint8Array> {
    yield BYTES;
  };
  assert.equal(await remote.putBlob(BLOB, open), 'copied');
}

/** What it was asked since the last call, as `METHOD path status`, uploads without their names. */
function asked({ access }: RegistryServer, before: number): readonly string[] {
  return access
    .slice(before)
    .map(({ method, path, status }) => `${method} ${path.replace(/(uploads\/)[^?]+/, '$1…')} ${status}`);
}

/** A registry that answers as a test says, and remembers what it was asked. */
async function lying(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
) {
  const got: { readonly line: string; readonly authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/v2/') {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return;
    }
    const { authorization } = request.headers;
    got.push({ line: `${request.method} ${request.url}`, authorization });
    request.resume().once('end', () => answer(request, response, got.length));
  });
  await listen(server);
  t.after(() => close(server));
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, got };
}

test('hasBlob() says whether this repository has it, by one request without bytes', async (t) => {
  const server = await registry(t);
  const remote = await repository(t, server.host, 'team/to');
  assert.equal(await remote.hasBlob(BLOB), false);
  await put(remote);
  const before = server.access.length;
  assert.equal(await remote.hasBlob(BLOB), true);
  assert.deepEqual(asked(server, before), [`HEAD /v2/team/to/blobs/${BLOB.digest} 200`]);
  assert.equal(server.access.at(-1)?.bytesOut, 0);
  assert.equal(await (await repository(t, server.host, 'team/other')).hasBlob(BLOB), false);
});

test('hasBlob() waits out a busy registry, throws for a refusal, and never takes one for an answer', async (t) => {
  const statuses = [503, 429, 200, 404, 403, 500, 500, 500];
  const server = await lying(t, (_request, response, count) => {
    response.writeHead(statuses[count - 1] ?? 418, { 'retry-after': '0' }).end();
  });
  const remote = await repository(t, server.host, 'team/to');
  assert.equal(await remote.hasBlob(BLOB), true);
  assert.equal(server.got.length, 3);
  assert.equal(await remote.hasBlob(BLOB), false);
  await assert.rejects(remote.hasBlob(BLOB), { code: 'DENIED' });
  await assert.rejects(remote.hasBlob(BLOB), { code: 'REGISTRY_BUSY' });
  assert.equal(server.got.length, statuses.length);
  const signal = AbortSignal.abort();
  await assert.rejects(remote.hasBlob(BLOB, { signal }), { name: 'AbortError' });
  assert.equal(server.got.length, statuses.length);
});

test('mountBlob() lets a repository have a blob of another one, and no byte is sent', async (t) => {
  const server = await registry(t);
  await put(await repository(t, server.host, FROM));
  const remote = await repository(t, server.host, 'team/to');
  const before = server.access.length;
  assert.equal(await remote.mountBlob(BLOB, { from: FROM }), true);
  const mount = new URLSearchParams({ mount: BLOB.digest, from: FROM });
  assert.deepEqual(asked(server, before), ['GET /v2/ 200', `POST /v2/team/to/blobs/uploads/?${mount} 201`]);
  assert.equal(await remote.hasBlob(BLOB), true);
  assert.deepEqual(Buffer.concat(await Array.fromAsync(remote.blob(BLOB))), BYTES);
  // A second time is no other thing.
  assert.equal(await remote.mountBlob(BLOB, { from: FROM }), true);
});

test('mountBlob() leaves no upload behind where the registry wants the bytes', async (t) => {
  const server = await registry(t);
  const remote = await repository(t, server.host, 'team/to');
  const before = server.access.length;
  assert.equal(await remote.mountBlob(BLOB, { from: FROM }), false);
  assert.deepEqual(
    asked(server, before).map((line) => line.replace(/\?.* /, ' ')),
    ['GET /v2/ 200', 'POST /v2/team/to/blobs/uploads/ 202', 'DELETE /v2/team/to/blobs/uploads/… 204'],
  );
  assert.equal(await remote.hasBlob(BLOB), false);
});

test('mountBlob() gives nobody a blob that they may not read', async (t) => {
  let isHidden = false;
  const server = await registry(t, {
    async authorize({ access }) {
      const isRefused = isHidden && access.some((one) => one.type === 'repository' && one.name === FROM);
      if (!isRefused) return { allowed: true, subject: 'alice' };
      return { allowed: false, reason: 'denied', message: 'Not yours' };
    },
  });
  await put(await repository(t, server.host, FROM));
  isHidden = true;
  const remote = await repository(t, server.host, 'team/to');
  assert.equal(await remote.mountBlob(BLOB, { from: FROM }), false);
  assert.equal(await remote.hasBlob(BLOB), false);
});

test('mountBlob() tries again when the registry is busy, and then says so', async (t) => {
  const statuses = [503, 201, 500, 502, 429];
  const server = await lying(t, (_request, response, count) => {
    response.writeHead(statuses[count - 1] ?? 418, { 'retry-after': '0' }).end();
  });
  const remote = await repository(t, server.host, 'team/to');
  assert.equal(await remote.mountBlob(BLOB, { from: FROM }), true);
  assert.equal(server.got.length, 2);
  await assert.rejects(remote.mountBlob(BLOB, { from: FROM }), { code: 'REGISTRY_BUSY' });
  assert.equal(server.got.length, statuses.length);
});

test('mountBlob() cancels an upload that is elsewhere without telling the password there', async (t) => {
  const elsewhere = await lying(t, (_request, response) => void response.writeHead(204).end());
  const server = await lying(t, (_request, response) => {
    response.writeHead(202, { location: `http://${elsewhere.host}/uploads/1` }).end();
  });
  const remote = await repository(t, server.host, 'team/to');
  assert.equal(await remote.mountBlob(BLOB, { from: FROM }), false);
  assert.match(server.got[0]?.authorization ?? '', /^Basic /);
  assert.deepEqual(elsewhere.got, [{ line: 'DELETE /uploads/1', authorization: undefined }]);
});

test('mountBlob() answers also where the upload has no place, or a place that is none', async (t) => {
  for (const location of [undefined, 'http://[', 'ftp://127.0.0.1/x']) {
    const server = await lying(t, (_request, response) => {
      response.writeHead(202, location === undefined ? {} : { location }).end();
    });
    const remote = await repository(t, server.host, 'team/to');
    const mounted = remote.mountBlob(BLOB, { from: FROM });
    if (location === undefined) assert.equal(await mounted, false);
    else await assert.rejects(mounted, { code: 'RESPONSE_INVALID' }, location);
    assert.equal(server.got.length, 1);
  }
});
