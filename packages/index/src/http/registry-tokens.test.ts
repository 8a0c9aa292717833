import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { isRepositoryName } from '@berth/oci';
import type { Access, Decision, RepositoryAction } from '@berth/registry';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { openTestHub, PASSWORD, type TestHub } from '../testing/test-hub.ts';

const basic = `alice:${PASSWORD}`;

function access(name: string, action: RepositoryAction): Access {
  if (!isRepositoryName(name)) throw new Error(name);
  return { type: 'repository', name, action };
}

function asked(
  hub: TestHub,
  authorization: string | undefined,
  ...wanted: readonly Access[]
): Promise<Decision> {
  return hub.authorizer.authorize({
    authorization,
    access: wanted,
    baseUrl: hub.url,
    remoteAddress: '127.0.0.1',
  });
}

/** Allowed, for this subject, and until a minute after the token's own end: the slack for clocks that differ. */
async function assertAllowed(
  hub: TestHub,
  token: string,
  expected: { readonly subject: string; readonly access: Access },
): Promise<void> {
  const { subject, access: wanted } = expected;
  const validUntilMs = ((decodeJwt(token).exp ?? 0) + 60) * 1000;
  assert.deepEqual(await asked(hub, `Bearer ${token}`, wanted), { allowed: true, subject, validUntilMs });
}

async function tokenFor(hub: TestHub, scope: string, credentials?: string): Promise<string> {
  const path = `/auth/token?service=berth&scope=${encodeURIComponent(scope)}`;
  const { status, json, text } = await hub.call(
    'GET',
    path,
    credentials === undefined ? {} : { basic: credentials },
  );
  assert.equal(status, 200, text);
  return json.token as string;
}

async function granted(hub: TestHub, scope: string, credentials?: string): Promise<unknown> {
  return decodeJwt(await tokenFor(hub, scope, credentials)).access;
}

test('the challenge leads to a token that the registry takes', async () => {
  await using hub = await openTestHub();
  await hub.user('alice');
  const push = access('alice/app', 'push');
  const refused = await asked(hub, undefined, access('alice/app', 'pull'), push);
  assert.equal(refused.allowed, false);
  const challenge = refused.allowed ? '' : (refused.challenge ?? '');
  const realm = /realm="([^"]+)"/.exec(challenge)?.[1] ?? '';
  const scope = /scope="([^"]+)"/.exec(challenge)?.[1] ?? '';
  const service = /service="([^"]+)"/.exec(challenge)?.[1] ?? '';
  assert.equal(realm, `${hub.url}/auth/token`);

  const url = new URL(realm);
  url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  const { json, headers } = await hub.call('GET', url.href, { basic });
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(json.token, json.access_token);
  assert.ok(json.expires_in >= 60);
  assert.ok(Math.abs(Date.parse(json.issued_at) - Date.now()) < 5000);
  assert.equal(json.refresh_token, undefined);
  await assertAllowed(hub, json.token, { subject: 'alice', access: push });
  assert.equal((await asked(hub, `Bearer ${json.token}`, access('alice/app', 'delete'))).allowed, false);
  assert.equal((await asked(hub, `Bearer ${json.token}`, access('alice/other', 'pull'))).allowed, false);
});

test('the claims are those of the token specification, and the key is published', async () => {
  await using hub = await openTestHub();
  await hub.user('alice');
  const token = await tokenFor(hub, 'repository:alice/app:pull', basic);
  const { alg, kid } = decodeProtectedHeader(token);
  assert.equal(alg, 'ES256');
  const { keys } = (await hub.call('GET', '/auth/keys')).json;
  assert.deepEqual(
    keys.map((key: { kid: string }) => key.kid),
    [kid],
  );
  assert.equal(JSON.stringify(keys).includes('"d"'), false);
  const claims = decodeJwt(token);
  assert.deepEqual([claims.iss, claims.aud, claims.sub], ['berth', 'berth', 'alice']);
  assert.equal((claims.exp ?? 0) - (claims.iat ?? 0), 300);
  assert.ok((claims.nbf ?? 0) < (claims.iat ?? 0));
  assert.match(claims.jti ?? '', /^[0-9a-f-]{36}$/);
});

test('a token holds what was asked and granted, no more, and less is no error', async () => {
  await using hub = await openTestHub();
  await hub.user('admin');
  await hub.user('alice');
  await hub.registry.push('bob/public', 'latest');
  await hub.registry.push('library/debian', 'latest');
  const both = 'repository:alice/app:pull,push repository:bob/public:pull,push';
  assert.deepEqual(await granted(hub, both, basic), [
    { type: 'repository', name: 'alice/app', actions: ['pull', 'push'] },
    { type: 'repository', name: 'bob/public', actions: ['pull'] },
  ]);
  assert.deepEqual(await granted(hub, 'repository:alice/app:*', basic), [
    { type: 'repository', name: 'alice/app', actions: ['pull', 'push', 'delete'] },
  ]);
  assert.deepEqual(await granted(hub, 'repository:library/debian:pull,push', basic), [
    { type: 'repository', name: 'library/debian', actions: ['pull'] },
  ]);
  assert.deepEqual(await granted(hub, 'repository:library/new:pull,push', `admin:${PASSWORD}`), [
    { type: 'repository', name: 'library/new', actions: ['pull', 'push'] },
  ]);
  assert.deepEqual(await granted(hub, both), [{ type: 'repository', name: 'bob/public', actions: ['pull'] }]);
  for (const scope of [
    'repository:app:push',
    'repository:users/x:push',
    'repository:A/b:push',
    'plugin:a/b:pull',
  ]) {
    assert.deepEqual(await granted(hub, scope, `admin:${PASSWORD}`), [], scope);
  }
});

test('several scope parameters count together', async () => {
  await using hub = await openTestHub();
  await hub.user('alice');
  const path =
    '/auth/token?scope=repository:alice/a:push&scope=repository:alice/b:pull&account=alice&client_id=docker';
  const { json } = await hub.call('GET', path, { basic });
  assert.equal((decodeJwt(json.token).access as unknown[]).length, 2);
});

test('anonymous callers pull what is public; private and unknown look the same', async () => {
  await using hub = await openTestHub();
  const bearer = await hub.user('alice');
  await hub.registry.push('alice/open', 'latest');
  await hub.registry.push('alice/closed', 'latest');
  await hub.call('PATCH', '/v2/namespaces/alice/repositories/closed', { bearer, json: { is_private: true } });
  const open = await tokenFor(hub, 'repository:alice/open:pull');
  await assertAllowed(hub, open, { subject: 'anonymous', access: access('alice/open', 'pull') });
  assert.deepEqual(await granted(hub, 'repository:alice/closed:pull'), []);
  assert.deepEqual(await granted(hub, 'repository:alice/none:pull'), []);
});

test("the catalog is the administrators'", async () => {
  await using hub = await openTestHub();
  await hub.user('admin');
  await hub.user('alice');
  const scope = 'registry:catalog:*';
  const token = await tokenFor(hub, scope, `admin:${PASSWORD}`);
  assert.equal((await asked(hub, `Bearer ${token}`, { type: 'catalog' })).allowed, true);
  assert.deepEqual(await granted(hub, scope, basic), []);
  assert.deepEqual(await granted(hub, scope), []);
});

test('a read-only access token pulls what its user may pull and never pushes', async () => {
  await using hub = await openTestHub({ defaultPrivacy: 'private' });
  const bearer = await hub.user('alice');
  await hub.registry.push('alice/app', 'latest');
  const json = { token_label: 'pull only', scopes: ['repo:read'] };
  const { token } = (await hub.call('POST', '/v2/access-tokens', { bearer, json })).json;
  assert.deepEqual(await granted(hub, 'repository:alice/app:pull,push,delete', `alice:${token}`), [
    { type: 'repository', name: 'alice/app', actions: ['pull'] },
  ]);
  const decision = await hub.index.basic('alice', token, {
    access: [access('alice/app', 'push')],
    remoteAddress: '127.0.0.1',
  });
  assert.equal(decision.allowed === false && decision.reason, 'denied');
});

test('a refresh token stands for its user, stays the same, and carries no more than it was made with', async () => {
  await using hub = await openTestHub();
  const bearer = await hub.user('alice');
  const form = {
    grant_type: 'password',
    username: 'alice',
    password: PASSWORD,
    access_type: 'offline',
    client_id: 'docker',
  };
  const first = (await hub.call('POST', '/auth/token', { form: { ...form, service: 'berth' } })).json;
  assert.match(first.refresh_token, /^brth_ref_/);
  const refresh = {
    grant_type: 'refresh_token',
    refresh_token: first.refresh_token,
    scope: 'repository:alice/app:pull,push',
  };
  const second = (await hub.call('POST', '/auth/token', { form: refresh })).json;
  assert.equal(second.refresh_token, first.refresh_token);
  assert.equal(second.scope, 'repository:alice/app:pull,push');
  assert.equal(decodeJwt(second.access_token).sub, 'alice');

  const json = { token_label: 'pull only', scopes: ['repo:read'] };
  const { token } = (await hub.call('POST', '/v2/access-tokens', { bearer, json })).json;
  const weak = (await hub.call('GET', '/auth/token?offline_token=true', { basic: `alice:${token}` })).json;
  const answer = await hub.call('POST', '/auth/token', {
    form: { ...refresh, refresh_token: weak.refresh_token },
  });
  assert.equal(answer.json.scope, 'repository:alice/app:pull');
});

test('anonymous callers get no refresh token', async () => {
  await using hub = await openTestHub();
  assert.equal((await hub.call('GET', '/auth/token?offline_token=true')).json.refresh_token, undefined);
});

test("refusals have the registry's shape and name the value", async () => {
  await using hub = await openTestHub();
  await hub.user('alice');
  const cases = [
    [
      await hub.call('GET', '/auth/token', { basic: 'alice:wrong password' }),
      401,
      'UNAUTHORIZED',
      /do not belong together/,
    ],
    [await hub.call('GET', '/auth/token', { bearer: 'x' }), 401, 'UNAUTHORIZED', /do not belong together/],
    [await hub.call('GET', '/auth/token?service=docker.io'), 400, 'UNSUPPORTED', /"docker.io".*"berth"/],
    [await hub.call('GET', '/auth/token?scope=push'), 400, 'UNSUPPORTED', /"push"/],
    [await hub.call('POST', '/auth/token', { form: { grant_type: 'code' } }), 400, 'UNSUPPORTED', /"code"/],
    [
      await hub.call('POST', '/auth/token', { form: { grant_type: 'password', username: 'alice' } }),
      400,
      'UNSUPPORTED',
      /"password" is missing/,
    ],
    [await hub.call('POST', '/auth/token', { form: {} }), 400, 'UNSUPPORTED', /"grant_type" is missing/],
    [
      await hub.call('POST', '/auth/token', { form: { grant_type: 'refresh_token', refresh_token: 'x' } }),
      401,
      'UNAUTHORIZED',
      /./,
    ],
  ] as const;
  for (const [{ status, json, headers }, expected, code, message] of cases) {
    assert.equal(status, expected);
    assert.equal(json.errors.length, 1);
    assert.equal(json.errors[0].code, code);
    assert.match(json.errors[0].message, message);
    assert.ok(json.errors[0].detail.hint.length > 0);
    assert.equal(headers.get('cache-control'), 'no-store');
    if (status === 401) assert.match(headers.get('www-authenticate') ?? '', /^Basic /);
  }
});

test('Basic on every request is decided as a token would be', async () => {
  await using hub = await openTestHub();
  await hub.user('admin');
  await hub.user('alice');
  await hub.registry.push('bob/public', 'latest');
  const header = `Basic ${Buffer.from(basic).toString('base64')}`;
  const may = async (...wanted: readonly Access[]) => (await asked(hub, header, ...wanted)).allowed;
  assert.equal(await may({ type: 'ping' }), true);
  assert.equal(await may(access('alice/app', 'pull'), access('alice/app', 'push')), true);
  assert.equal(await may(access('bob/public', 'pull')), true);
  assert.equal(await may(access('bob/public', 'pull'), access('bob/public', 'push')), false);
  assert.equal(await may({ type: 'catalog' }), false);
  const homeless = await asked(hub, header, access('app', 'push'));
  assert.match(homeless.allowed ? '' : homeless.message, /"alice\/app"/);
  const wrong = await asked(hub, `Basic ${Buffer.from('alice:nope').toString('base64')}`, { type: 'ping' });
  assert.equal(wrong.allowed === false && wrong.reason, 'unauthenticated');
});

test('a system token does what it was made for', async () => {
  await using hub = await openTestHub();
  const push = access('library/hello', 'push');
  const { token } = await hub.index.issueSystemToken([access('library/hello', 'pull'), push]);
  await assertAllowed(hub, token, { subject: 'system', access: push });
  assert.equal((await asked(hub, `Bearer ${token}`, access('library/hello', 'delete'))).allowed, false);
});

test('a token lasts five minutes, and outlives a clock that is set back by a minute', async (t) => {
  await using hub = await openTestHub();
  await hub.user('alice');
  const authorization = `Bearer ${await tokenFor(hub, 'repository:alice/app:pull', basic)}`;
  const issued = Date.now();
  t.after(() => mock.timers.reset());
  for (const [seconds, isAllowed] of [
    [0, true],
    [-100, true],
    [290, true],
    [500, false],
  ] as const) {
    mock.timers.reset();
    mock.timers.enable({ apis: ['Date'], now: issued + seconds * 1000 });
    const { allowed } = await asked(hub, authorization, access('alice/app', 'pull'));
    assert.equal(allowed, isAllowed, `${seconds} s`);
  }
});
