import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type Descriptor, digestBytes, MEDIA_TYPE_OCI_INDEX, MEDIA_TYPE_OCI_MANIFEST } from '@berth/oci';
import { randomImage } from '@berth/oci/testing';
import { copyImage } from '../copy/copy-image.ts';
import type { ManifestBytes } from '../interface.ts';
import { memorySource } from '../memory-source.ts';
import { manifestOf, sourceOf } from '../testing/images.ts';
import { openRemote } from './open-remote.ts';
import { RegistrySession } from './session.ts';

const CREDENTIALS = { username: 'alice', password: 'secret' };
const QUICK = { attempts: 2, baseDelayMs: 1 };

/** A server that answers as a test says, and remembers what it was asked. */
async function startServer(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume().once('end', () => answer(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function manifestHeaders({ descriptor }: ManifestBytes) {
  return {
    'content-type': descriptor.mediaType,
    'content-length': descriptor.size,
    'docker-content-digest': descriptor.digest,
  };
}

test('resolve() of a digest never gives another one, whatever the registry announces', async () => {
  const [wanted, other] = [await randomImage({ seed: 'a' }), await randomImage({ seed: 'b' })].map(
    manifestOf,
  );
  assert.ok(wanted !== undefined && other !== undefined);
  await using server = await startServer((request, response) => {
    if (request.url === '/v2/') return void response.end();
    // The lie: every reference is the other manifest.
    response.writeHead(200, manifestHeaders(other)).end(request.method === 'HEAD' ? undefined : other.bytes);
  });
  await using remote = await openRemote({ registry: server.host, repository: 'a/b' });
  await assert.rejects(remote.resolve(wanted.descriptor.digest), { code: 'DIGEST_MISMATCH' });
  assert.equal((await remote.resolve('latest')).digest, other.descriptor.digest);
});

test('a registry that takes what is asked and never answers is given up', async () => {
  await using server = await startServer(() => {});
  await using remote = await openRemote({
    registry: server.host,
    repository: 'a/b',
    retry: { ...QUICK, readTimeoutMs: 300 },
  });
  await assert.rejects(remote.resolve('v'), { code: 'REGISTRY_UNREACHABLE' });
  assert.deepEqual(server.asked, ['GET /v2/']);
});

test('putManifest() refuses a tag that would lead to another repository', async () => {
  const image = await randomImage({ seed: 'c' });
  await using server = await startServer((_request, response) => void response.writeHead(201).end());
  await using remote = await openRemote({ registry: server.host, repository: 'a/b', access: 'push' });
  for (const tag of ['../../c/d/manifests/latest', 'x?y=z', 'x#y', 'a/b']) {
    await assert.rejects(remote.putManifest(manifestOf(image), [tag]), { code: 'TAG_INVALID' }, tag);
    await assert.rejects(remote.resolve(tag), { code: 'TAG_INVALID' }, tag);
  }
  assert.deepEqual(server.asked, []);
});

test('a loopback registry cannot have the password sent in the clear to somebody else', async () => {
  await using server = await startServer((_request, response) => {
    response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://192.0.2.1/token"' }).end();
  });
  await using remote = await openRemote({
    registry: server.host,
    repository: 'a/b',
    credentials: CREDENTIALS,
    retry: QUICK,
  });
  await assert.rejects(remote.resolve('latest'), { code: 'PLAIN_HTTP_REFUSED', message: /unencrypted/ });
});

test('a realm on another port of a registry that may be spoken to in the clear is its own', async () => {
  await using tokens = await startServer((_request, response) => void response.end('{"token":"t"}'));
  await using server = await startServer((request, response) => {
    if (request.headers.authorization === 'Bearer t') return void response.end();
    response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${tokens.host}/token"` }).end();
  });
  await using session = await RegistrySession.open(server.host, { credentials: CREDENTIALS });
  await session.verifyCredentials();
});

test('a registry elsewhere cannot send us to services of this machine', async () => {
  await using victim = await startServer((_request, response) => void response.end('{}'));
  const { port } = new URL(`http://${victim.host}`);
  await using server = await startServer((request, response) => {
    if (request.url === '/v2/') return void response.end();
    response.writeHead(307, { location: `http://localhost:${port}/containers/json` }).end();
  });
  // Every address of 127.0.0.0/8 is loopback; "0.0.0.0" reaches the same server and is not.
  const registry = server.host.replace('127.0.0.1', '0.0.0.0');
  await using remote = await openRemote({ registry, repository: 'a/b', insecure: true });
  await assert.rejects(remote.resolve('latest'), { code: 'RESPONSE_INVALID', message: /this machine/ });
  assert.deepEqual(victim.asked, []);
});

test('credentials and tokens do not follow a redirect to another host', async () => {
  const authorizations: (string | undefined)[] = [];
  const image = await randomImage({ seed: 'd' });
  const [digest, bytes] = [...image.blobs][0] ?? assert.fail();
  await using storage = await startServer((request, response) => {
    authorizations.push(request.headers.authorization);
    response.end(bytes);
  });
  await using server = await startServer((request, response) => {
    if (request.headers.authorization === undefined) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    }
    if (request.url === '/v2/') return void response.end();
    response.writeHead(307, { location: `http://${storage.host}/blob` }).end();
  });
  await using remote = await openRemote({
    registry: server.host,
    repository: 'a/b',
    credentials: CREDENTIALS,
  });
  const descriptor: Descriptor = { mediaType: 'application/octet-stream', digest, size: bytes.length };
  const got = Buffer.concat(await Array.fromAsync(remote.blob(descriptor)));
  assert.deepEqual(got, Buffer.from(bytes));
  assert.deepEqual(authorizations, [undefined]);
});

test('what a registry says stays one line of letters', async () => {
  await using server = await startServer((request, response) => {
    if (request.url === '/v2/') return void response.end();
    const code = `DENIED\u001b]0;x\u0007\nberth: all is well ${'x'.repeat(5000)}`;
    const body = JSON.stringify({ errors: [{ code, message: 'a\u009b2Jb\u202Ec' }] });
    response.writeHead(403).end(request.method === 'HEAD' ? undefined : body);
  });
  await using remote = await openRemote({ registry: server.host, repository: 'a/b' });
  await assert.rejects(remote.resolve('latest'), ({ message }: Error) => {
    assert.doesNotMatch(message, /[\p{Cc}\p{Cf}]/u);
    assert.ok(message.length < 1000, `${message.length} letters`);
    return true;
  });
});

test('tags() gives up on a list that never ends', async () => {
  let page = 0;
  await using server = await startServer((request, response) => {
    if (request.url === '/v2/') return void response.end();
    page += 1;
    response.setHeader('link', `</v2/a/b/tags/list?page=${page}>; rel="next"`).end('{"tags":["a"]}');
  });
  await using remote = await openRemote({ registry: server.host, repository: 'a/b' });
  await assert.rejects(Array.fromAsync(remote.tags()), { code: 'RESPONSE_INVALID', message: /pages/ });
});

test('copyImage() takes each manifest once, however often indexes name each other’s children', async () => {
  const image = await randomImage({ seed: 'e' });
  const manifests: ManifestBytes[] = [manifestOf(image)];
  for (let level = 0; level < 6; level += 1) {
    const { descriptor } = manifests.at(-1) ?? assert.fail();
    manifests.push(indexOf(Array.from({ length: 50 }, () => descriptor)));
  }
  const root = manifests.at(-1)?.descriptor ?? assert.fail();
  const source = memorySource({ manifests, blobs: image.blobs, tags: new Map([['t', root]]) });
  await using server = await startServer((request, response) => {
    if (request.url === '/v2/') return void response.end();
    const isAsked = request.method === 'HEAD';
    response.writeHead(isAsked ? (request.url?.includes('/blobs/') ? 200 : 404) : 201).end();
  });
  await using sink = await openRemote({ registry: server.host, repository: 'a/b', access: 'push' });
  await copyImage(source, sink, { reference: 't', tags: ['t'] });
  assert.equal(server.asked.filter((line) => line.startsWith('PUT ')).length, manifests.length);
});

test('copyImage() refuses an image whose manifests together are a flood', async () => {
  const children = Array.from({ length: 20 }, (_, at): Descriptor => {
    return { mediaType: MEDIA_TYPE_OCI_MANIFEST, digest: digestBytes(`${at}`), size: 4_000_000 };
  });
  const flood = indexOf(children);
  const tags = new Map([['t', flood.descriptor]]);
  let read = 0;
  const source = memorySource({ manifests: [flood], blobs: new Map(), tags });
  const counting: typeof source = {
    ...source,
    manifest: (descriptor, options) => {
      read += 1;
      return source.manifest(descriptor, options);
    },
  };
  const sink = { ...sourceOf({}), ...noSink };
  await assert.rejects(copyImage(counting, sink, { reference: 't', tags: ['t'] }), {
    code: 'MANIFEST_TOO_LARGE',
  });
  assert.ok(read < children.length);
});

const noSink = {
  hasManifest: async () => false,
  putBlob: async () => 'exists' as const,
  putManifest: async () => {},
  finish: async () => {},
};

function indexOf(manifests: readonly Descriptor[]): ManifestBytes {
  const mediaType = MEDIA_TYPE_OCI_INDEX;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  return { descriptor: { mediaType, digest: digestBytes(bytes), size: bytes.length }, bytes };
}

test('a redirect, an upload and a page of tags that lead nowhere are said to, and followed no further', async () => {
  for (const nowhere of ['http://[', 'file:///etc/passwd']) {
    await using server = await startServer((request, response) => {
      if (request.url === '/v2/') return void response.end();
      if (request.method === 'POST') return void response.writeHead(202, { location: nowhere }).end();
      if (request.method === 'HEAD') return void response.writeHead(404).end();
      if (request.url?.includes('/tags/') !== true)
        return void response.writeHead(307, { location: nowhere }).end();
      response.writeHead(200, { link: `<${nowhere}>; rel="next"` }).end('{"tags":["a"]}');
    });
    const options = { registry: server.host, repository: 'a/b', access: 'push', retry: QUICK } as const;
    await using remote = await openRemote(options);
    const bytes = Buffer.from('layer');
    const blob: Descriptor = { mediaType: 'x/y', digest: digestBytes(bytes), size: bytes.length };
    const open = async function* () {
      yield bytes;
    };
    const refused = { code: 'RESPONSE_INVALID' };
    await assert.rejects(Array.fromAsync(remote.blob(blob)), refused, `redirect to ${nowhere}`);
    await assert.rejects(remote.putBlob(blob, open), refused, `upload to ${nowhere}`);
    await assert.rejects(Array.fromAsync(remote.tags()), refused, `page at ${nowhere}`);
  }
});
