import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { parseRepositoryName } from '@berth/oci';
import { makeImage, refusalOf, TestClient } from '../../testing/client.ts';
import { startTestRegistry } from '../../testing/test-registry.ts';
import { createTestTokens, ISSUER, SERVICE, type TestTokens } from '../../testing/test-tokens.ts';
import type { Access, Authorizer } from '../interface.ts';
import { authorizerSuite } from '../testsuite.ts';
import { createTokenAuthorizer, type TokenAuthorizerOptions } from './token-authorizer.ts';

const PULL: Access = { type: 'repository', name: parseRepositoryName('team/app'), action: 'pull' };
const PUSH: Access = { ...PULL, action: 'push' };

function authorizerOf(tokens: TestTokens, more: Partial<TokenAuthorizerOptions> = {}): Authorizer {
  return createTokenAuthorizer({
    realm: (baseUrl) => `${baseUrl}/auth/token`,
    service: SERVICE,
    issuer: ISSUER,
    keys: tokens.keys,
    ...more,
  });
}

const base64url = (value: object | string): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token whose signature is not the key's, though its claims are right. */
async function forge(tokens: TestTokens, alg: 'none' | 'HS256'): Promise<string> {
  const [, payload] = (await tokens.sign([PULL])).split('.');
  const body = `${base64url({ alg, kid: 'one', typ: 'JWT' })}.${payload}`;
  const secret = tokens.publicKey.export({ type: 'spki', format: 'pem' });
  return `${body}.${alg === 'none' ? '' : createHmac('sha256', secret).update(body).digest('base64url')}`;
}

authorizerSuite('createTokenAuthorizer', async () => {
  const tokens = createTestTokens();
  const basic: NonNullable<TokenAuthorizerOptions['basic']> = async (user, password, { access }) =>
    user !== 'alice' || password !== 'secret:word'
      ? { allowed: false, reason: 'unauthenticated', message: 'Wrong name or password' }
      : access.every(
            (each) =>
              each.type === 'ping' ||
              (each.type === 'repository' && each.action === 'pull' && each.name === 'team/app'),
          )
        ? { allowed: true, subject: 'alice' }
        : { allowed: false, reason: 'denied', message: 'No' };
  const good = await tokens.sign([PULL]);
  const [header, , signature] = good.split('.');
  return {
    authorizer: authorizerOf(tokens, { basic }),
    credentials: async (access) => [
      `Bearer ${await tokens.sign(access)}`,
      `bearer ${await tokens.sign(access)}`,
      `Basic ${Buffer.from('alice:secret:word').toString('base64')}`,
    ],
    bad: [
      'Bearer nonsense',
      'Bearer a.b.c',
      'Bearer ',
      'Digest x',
      `Bearer ${await forge(tokens, 'none')}`,
      `Bearer ${await forge(tokens, 'HS256')}`,
      `Bearer ${await createTestTokens().sign([PULL])}`,
      `Bearer ${await tokens.sign([PULL], { kid: 'two' })}`,
      `Bearer ${await tokens.sign([PULL], { issuer: 'https://evil.example.org' })}`,
      `Bearer ${await tokens.sign([PULL], { service: 'other' })}`,
      `Bearer ${await tokens.sign([PULL], { notBeforeIn: 600 })}`,
      `Bearer ${header}.${base64url({ iss: ISSUER, aud: SERVICE, sub: 'root', exp: 9e9, access: [] })}.${signature}`,
      `Basic ${Buffer.from('alice:wrong').toString('base64')}`,
      `Basic ${Buffer.from('nobody:wrong').toString('base64')}`,
      'Basic !!!',
    ],
    expired: (access) => tokens.sign(access, { expiresIn: -120 }).then((token) => `Bearer ${token}`),
    [Symbol.asyncDispose]: async () => {},
  };
});

describe('createTokenAuthorizer()', () => {
  it('writes challenges as Docker does', async () => {
    const tokens = createTestTokens();
    const authorizer = authorizerOf(tokens);
    const ask = async (
      authorization: string | undefined,
      access: readonly Access[],
    ): Promise<string | undefined> => {
      const decision = await authorizer.authorize({
        authorization,
        access,
        baseUrl: 'https://hub.example.org',
        remoteAddress: '::1',
      });
      assert.ok(!decision.allowed);
      return decision.challenge;
    };
    const realm = 'Bearer realm="https://hub.example.org/auth/token",service="hub.example.org"';
    assert.equal(await ask(undefined, [{ type: 'ping' }]), realm);
    assert.equal(await ask(undefined, [PULL, PUSH]), `${realm},scope="repository:team/app:pull,push"`);
    assert.equal(await ask(undefined, [{ type: 'catalog' }]), `${realm},scope="registry:catalog:*"`);
    assert.equal(
      await ask('Bearer x', [PULL]),
      `${realm},scope="repository:team/app:pull",error="invalid_token"`,
    );
    const narrow = `Bearer ${await tokens.sign([PULL])}`;
    assert.equal(
      await ask(narrow, [PULL, PUSH]),
      `${realm},scope="repository:team/app:pull,push",error="insufficient_scope"`,
    );
  });

  it('takes a token for a minute longer, for clocks that differ', async () => {
    const tokens = createTestTokens();
    const authorizer = authorizerOf(tokens);
    for (const claims of [{ expiresIn: -30 }, { notBeforeIn: 30 }]) {
      const authorization = `Bearer ${await tokens.sign([PULL], claims)}`;
      const decision = await authorizer.authorize({
        authorization,
        access: [PULL],
        baseUrl: '',
        remoteAddress: '',
      });
      assert.ok(decision.allowed);
    }
  });

  it('sends a client that lacks a scope for a wider token, and lets no session die of its token', async () => {
    const tokens = createTestTokens();
    await using server = await startTestRegistry({ authorizer: authorizerOf(tokens) });
    const anonymous = await new TestClient(server.url, 'team/app').request('/v2/');
    assert.equal(
      anonymous.headers.get('www-authenticate'),
      `Bearer realm="${server.url}/auth/token",service="${SERVICE}"`,
    );
    assert.equal(await refusalOf(anonymous), '401 UNAUTHORIZED');

    const bearer = async (
      access: readonly Access[],
      expiresIn = 300,
    ): Promise<Readonly<Record<string, string>>> => ({
      authorization: `Bearer ${await tokens.sign(access, { expiresIn })}`,
    });
    const reader = new TestClient(server.url, 'team/app', await bearer([PULL]));
    assert.equal(await refusalOf(await reader.request('blobs/uploads/', { method: 'POST' })), '401 DENIED');
    const writer = new TestClient(server.url, 'team/app', await bearer([PULL, PUSH]));
    const image = makeImage();
    await writer.push('latest', image);
    assert.equal((await reader.request('manifests/latest')).status, 200);
    assert.equal(server.access.at(-1)?.subject, 'alice');
    assert.equal(
      await refusalOf(await writer.request('manifests/latest', { method: 'DELETE' })),
      '401 DENIED',
    );

    const path = await writer.startUpload();
    const late = new TestClient(server.url, 'team/app', await bearer([PULL, PUSH], -600));
    assert.equal((await late.request(path, { method: 'PATCH', body: 'late bytes' })).status, 202);
    assert.equal(await refusalOf(await late.request('manifests/latest')), '401 UNAUTHORIZED');
    assert.equal(
      await refusalOf(await late.request('blobs/uploads/', { method: 'POST' })),
      '401 UNAUTHORIZED',
    );
    const stranger = {
      authorization: `Bearer ${await tokens.sign([PULL, PUSH], { subject: 'bob', expiresIn: -600 })}`,
    };
    const bob = new TestClient(server.url, 'team/app', stranger);
    assert.equal(
      await refusalOf(await bob.request(path, { method: 'PATCH', body: 'x' })),
      '401 UNAUTHORIZED',
    );
  });

  it('cuts off a large push that nobody may do', async () => {
    await using server = await startTestRegistry({ authorizer: authorizerOf(createTestTokens()) });
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(64 * 1024);
    }
    const body = ReadableStream.from(endless());
    const client = new TestClient(server.url, 'team/app');
    const answer = await client.request('blobs/uploads/', { method: 'POST', body, duplex: 'half' });
    assert.equal(await refusalOf(answer), '401 UNAUTHORIZED');
  });
});
