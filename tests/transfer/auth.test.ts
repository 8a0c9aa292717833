import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Digest, digestBytes } from '@berth/oci';
import { randomImage } from '@berth/oci/testing';
import type { AuthorizeRequest, Authorizer } from '@berth/registry';
import { type Credentials, callHub, copyImage, openRemote, verifyCredentials } from '@berth/transfer';
import { sourceOf } from '@berth/transfer/testsuite';
import { close, listen, type RegistryServer, startRegistryServer } from './registry-server.ts';

const ALICE: Credentials = { username: 'alice', password: 'right' };
const basicOf = ({ username, password }: Credentials) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

interface TokenHub extends AsyncDisposable {
  readonly host: string;
  /** Each ask for a token: how, and with which scopes. */
  readonly asked: readonly string[];
  /** No token given so far is good any more. */
  forgetTokens(): void;
}

/** The registry with a token server on the same address, by opaque tokens. */
async function startTokenHub(options: { readonly expiresIn?: number } = {}): Promise<TokenHub> {
  const tokens = new Map<string, { readonly scopes: readonly string[]; readonly user: string }>();
  const asked: string[] = [];
  const authorizer: Authorizer = {
    async authorize({ authorization, access, baseUrl }: AuthorizeRequest) {
      const token = tokens.get(authorization?.replace(/^Bearer /, '') ?? '');
      const wanted = access.flatMap((each) =>
        each.type === 'repository' ? [`repository:${each.name}:${each.action}`] : [],
      );
      if (token !== undefined && wanted.every((scope) => token.scopes.includes(scope)))
        return { allowed: true, subject: token.user };
      const scope = wanted.length === 0 ? '' : `,scope="${wanted.join(' ')}"`;
      const challenge = `Bearer realm="${baseUrl}/token",service="test"${scope}`;
      return { allowed: false, reason: 'unauthenticated', message: 'Sign in first', challenge };
    },
  };
  const answer = (authorization: string | undefined, query: URLSearchParams) => {
    const isAlice = authorization === basicOf(ALICE) || query.get('refresh_token') === 'alice’s identity';
    if (authorization !== undefined && !isAlice) return undefined;
    const scopes = query
      .getAll('scope')
      .flatMap((text) => text.split(' '))
      .filter(Boolean);
    asked.push(
      `${query.get('grant_type') ?? (authorization === undefined ? 'anonymous' : 'basic')} ${scopes.join(' ')}`,
    );
    const granted = scopes.flatMap((scope) => {
      const [type, name, actions = ''] = scope.split(':');
      // Everybody may pull, alice may push.
      return actions
        .split(',')
        .filter((action) => action === 'pull' || isAlice)
        .map((action) => `${type}:${name}:${action}`);
    });
    const token = randomUUID();
    tokens.set(token, { scopes: granted, user: isAlice ? 'alice' : 'anonymous' });
    return { token, expires_in: options.expiresIn ?? 300 };
  };
  const server: RegistryServer = await startRegistryServer({
    authorizer,
    intercept(req, res) {
      const url = new URL(req.url ?? '/', 'http://hub');
      if (url.pathname !== '/token') return false;
      void bodyOf(req).then((body) => {
        const query = req.method === 'POST' ? new URLSearchParams(body) : url.searchParams;
        const given = answer(req.headers.authorization, query);
        const failure = {
          errors: [{ code: 'UNAUTHORIZED', message: 'Name and password do not fit together' }],
        };
        res.writeHead(given === undefined ? 401 : 200, { 'content-type': 'application/json' });
        res.end(JSON.stringify(given ?? failure));
      });
      return true;
    },
  });
  return {
    host: server.host,
    asked,
    forgetTokens: () => tokens.clear(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of req) text += chunk;
  return text;
}

test('a push asks for one token per set of scopes, an anonymous pull for its own', async () => {
  await using hub = await startTokenHub();
  const image = await randomImage({ seed: 'tokens' });
  await using sink = await openRemote({
    registry: hub.host,
    repository: 'team/app',
    access: 'push',
    credentials: ALICE,
  });
  await copyImage(sourceOf({ v: image }), sink, { tags: ['v'] });
  assert.deepEqual(hub.asked, ['basic repository:team/app:pull,push']);
  await using source = await openRemote({ registry: hub.host, repository: 'team/app' });
  assert.equal((await source.resolve('v')).digest, image.descriptor.digest);
  assert.equal(hub.asked[1], 'anonymous repository:team/app:pull');
});

test('a mount asks for the right to pull from the other repository too', async () => {
  await using hub = await startTokenHub();
  const image = await randomImage({ seed: 'mount' });
  {
    await using sink = await openRemote({
      registry: hub.host,
      repository: 'team/one',
      access: 'push',
      credentials: ALICE,
    });
    await copyImage(sourceOf({ v: image }), sink, { tags: ['v'] });
  }
  await using source = await openRemote({ registry: hub.host, repository: 'team/one', credentials: ALICE });
  await using sink = await openRemote({
    registry: hub.host,
    repository: 'team/two',
    access: 'push',
    credentials: ALICE,
  });
  const { blobs, copiedBytes } = await copyImage(source, sink, { reference: 'v', tags: ['v'] });
  assert.deepEqual([blobs, copiedBytes], [{ exists: 0, mounted: 3, copied: 0 }, 0]);
  assert.ok(hub.asked.includes('basic repository:team/two:pull,push repository:team/one:pull'));
});

test('an identity token stands for the password', async () => {
  await using hub = await startTokenHub();
  const credentials = { username: '', password: '', identityToken: 'alice’s identity' };
  await using sink = await openRemote({
    registry: hub.host,
    repository: 'team/app',
    access: 'push',
    credentials,
  });
  await copyImage(sourceOf({ v: await randomImage({ seed: 'identity' }) }), sink, { tags: ['v'] });
  assert.deepEqual(hub.asked, ['refresh_token repository:team/app:pull,push']);
});

test('a token that the registry no longer takes is asked for again, also in the middle of a push', async () => {
  await using hub = await startTokenHub();
  const image = await randomImage({ seed: 'forgotten tokens', layers: 2, sizeBytes: 200_000 });
  const place = {
    registry: hub.host,
    repository: 'team/app',
    access: 'push',
    credentials: ALICE,
    retry: { baseDelayMs: 5 },
  } as const;
  await using sink = await openRemote(place);
  const seen = new Set<Digest>();
  await copyImage(sourceOf({ v: image }), sink, {
    tags: ['v'],
    jobs: 1,
    onEvent: (event) => {
      // In the middle of each blob once: a registry that takes no token at all is another case.
      if (event.type !== 'blob.progress' || seen.has(event.digest)) return;
      seen.add(event.digest);
      hub.forgetTokens();
    },
  });
  assert.equal((await sink.resolve('v')).digest, image.descriptor.digest);
  assert.ok(hub.asked.length > 2);
});

test('a token near its end is replaced before it is used', async () => {
  await using hub = await startTokenHub({ expiresIn: 0.02 });
  await using source = await openRemote({ registry: hub.host, repository: 'team/app' });
  for (let call = 0; call < 3; call += 1) {
    await source.resolve('v').catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.ok(hub.asked.length >= 3);
});

test('a wrong password is told in the server’s words, before anything is stored', async () => {
  await using hub = await startTokenHub();
  await verifyCredentials(hub.host, { credentials: ALICE });
  await assert.rejects(
    verifyCredentials(hub.host, { credentials: { username: 'alice', password: 'wrong' } }),
    {
      code: 'UNAUTHENTICATED',
      message: `Cannot sign in to "${hub.host}": "${hub.host}" answered 401 (UNAUTHORIZED: Name and password do not fit together)`,
    },
  );
});

test('who may not push is told so, and where to sign in', async () => {
  await using hub = await startTokenHub();
  await using sink = await openRemote({ registry: hub.host, repository: 'team/app', access: 'push' });
  const copying = copyImage(sourceOf({ v: await randomImage({ seed: 'denied' }) }), sink, { tags: ['v'] });
  await assert.rejects(copying, { code: 'UNAUTHENTICATED', hint: new RegExp(`berth login ${hub.host}`) });
});

test('Basic is sent where the registry asks for it', async () => {
  const authorizer: Authorizer = {
    async authorize({ authorization }) {
      if (authorization === basicOf(ALICE)) return { allowed: true, subject: 'alice' };
      return { allowed: false, reason: 'unauthenticated', message: 'No', challenge: 'Basic realm="test"' };
    },
  };
  await using server = await startRegistryServer({ authorizer });
  const image = await randomImage({ seed: 'basic' });
  await using sink = await openRemote({
    registry: server.host,
    repository: 'a/b',
    access: 'push',
    credentials: ALICE,
  });
  await copyImage(sourceOf({ v: image }), sink, { tags: ['v'] });
  await using stranger = await openRemote({ registry: server.host, repository: 'a/b' });
  await assert.rejects(stranger.resolve('v'), { code: 'UNAUTHENTICATED' });
});

/** A server that answers as told: for what real registries rarely do. */
async function withServer(
  answer: Parameters<typeof createServer>[1] & {},
  work: (host: string) => Promise<void>,
): Promise<void> {
  const server = createServer(answer as never);
  await listen(server);
  try {
    await work(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    await close(server);
  }
}

test('a redirect to another host gets no Authorization', async () => {
  const bytes = Buffer.from('the bytes of the blob');
  const blob = { mediaType: 'application/x', digest: digestBytes(bytes) as Digest, size: bytes.length };
  const seen: (string | undefined)[] = [];
  await withServer(
    (req: IncomingMessage, res) => {
      seen.push(req.headers.authorization);
      res.end(bytes);
    },
    async (storage) => {
      await withServer(
        (req: IncomingMessage, res) => {
          if (req.headers.authorization === undefined)
            res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
          else if (req.url === '/v2/') res.end('{}');
          else res.writeHead(307, { location: `http://${storage}/blob` }).end();
        },
        async (host) => {
          await using remote = await openRemote({ registry: host, repository: 'a/b', credentials: ALICE });
          const chunks = await Array.fromAsync(remote.blob(blob));
          assert.equal(Buffer.concat(chunks).toString(), bytes.toString());
        },
      );
    },
  );
  assert.deepEqual(seen, [undefined]);
});

test('a redirect or a realm by plain HTTP beyond loopback is refused', async () => {
  await withServer(
    (req: IncomingMessage, res) => {
      if (req.url === '/v2/') res.end('{}');
      else res.writeHead(302, { location: 'http://registry.example.org/v2/' }).end();
    },
    async (host) => {
      await using remote = await openRemote({ registry: host, repository: 'a/b' });
      await assert.rejects(remote.resolve('v'), { code: 'PLAIN_HTTP_REFUSED' });
    },
  );
});

test('a busy registry is asked again when it says, and its words are shown in the end', async () => {
  let requests = 0;
  await withServer(
    (req: IncomingMessage, res) => {
      if (req.url === '/v2/') return res.end('{}');
      requests += 1;
      const body = JSON.stringify({ errors: [{ code: 'TOOMANYREQUESTS', message: 'slowly, please' }] });
      return res.writeHead(429, { 'retry-after': '0' }).end(req.method === 'HEAD' ? undefined : body);
    },
    async (host) => {
      await using remote = await openRemote({
        registry: host,
        repository: 'a/b',
        retry: { attempts: 3, baseDelayMs: 1 },
      });
      await assert.rejects(remote.resolve('v'), {
        code: 'REGISTRY_BUSY',
        message: /429 \(TOOMANYREQUESTS: slowly, please\)/,
      });
    },
  );
  assert.equal(requests, 6, 'a HEAD and a GET in each of three tries');
});

test('an error body without end is not read to its end', async () => {
  await withServer(
    (req: IncomingMessage, res) => {
      if (req.url === '/v2/') return res.end('{}');
      res.writeHead(400);
      const more = () => {
        while (!res.destroyed && res.write('x'.repeat(16_384)));
      };
      res.on('drain', more);
      return more();
    },
    async (host) => {
      await using remote = await openRemote({ registry: host, repository: 'a/b' });
      const tags = Array.fromAsync(remote.tags());
      await assert.rejects(
        tags,
        (error: Error) => error.message.length < 1000 && 'code' in error && error.code === 'REGISTRY_REFUSED',
      );
    },
  );
});

test('what answers like no registry is said to be none', async () => {
  await withServer(
    (_req: IncomingMessage, res) => res.writeHead(404).end('not here'),
    async (host) => {
      await using remote = await openRemote({ registry: host, repository: 'a/b' });
      await assert.rejects(remote.resolve('v'), {
        code: 'RESPONSE_INVALID',
        message: `Cannot use "${host}": it does not answer like a registry`,
      });
    },
  );
});

test('a manifest that is not what its digest says, or too large, is refused', async () => {
  const digest = `sha256:${'a'.repeat(64)}` as Digest;
  await withServer(
    (req: IncomingMessage, res) => {
      if (req.url === '/v2/') return res.end('{}');
      if (req.url?.includes('huge') === true) return res.end(Buffer.alloc(5 * 1024 * 1024, 32));
      return res.end('{}');
    },
    async (host) => {
      await using remote = await openRemote({ registry: host, repository: 'a/b' });
      const descriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 2 };
      await assert.rejects(remote.manifest(descriptor), { code: 'DIGEST_MISMATCH' });
      await assert.rejects(remote.resolve('huge'), { code: 'MANIFEST_TOO_LARGE' });
    },
  );
});

test('callHub() gives the server’s words', async () => {
  await withServer(
    (req: IncomingMessage, res) => {
      if (req.url === '/v2/') return res.end('{}');
      if (req.headers.authorization === 'Bearer good') return res.end('{"count":1}');
      return res.writeHead(403).end(JSON.stringify({ message: 'only with a password' }));
    },
    async (host) => {
      const call = { method: 'GET', path: '/v2/access-tokens', action: 'list access tokens' } as const;
      assert.deepEqual(await callHub(host, { ...call, bearer: 'good' }), { count: 1 });
      await assert.rejects(callHub(host, call), {
        code: 'DENIED',
        message: `Cannot list access tokens: "${host}" answered 403 (only with a password)`,
      });
    },
  );
});

test('a folder for certificates that cannot be read is no hindrance', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-certs-'));
  try {
    await using server = await startRegistryServer();
    const tls = { certificateFolders: [join(folder, 'none'), folder] };
    await verifyCredentials(server.host, { credentials: ALICE, tls });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
