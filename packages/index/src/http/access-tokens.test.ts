import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { openTestHub, PASSWORD, type TestHub } from '../testing/test-hub.ts';

async function newToken(hub: TestHub, bearer: string, scopes: readonly string[], more: object = {}) {
  const json = { token_label: 'ci', scopes, ...more };
  const made = await hub.call('POST', '/v2/access-tokens', { bearer, json });
  assert.equal(made.status, 201, made.text);
  return made.json as { readonly uuid: string; readonly token: string };
}

test('an access token is shown once, listed, renamed, switched off and deleted', async () => {
  await using hub = await openTestHub();
  const bearer = await hub.user('alice');
  const { uuid, token } = await newToken(hub, bearer, ['repo:read']);
  assert.match(token, /^brth_pat_[\w-]{43}$/);

  const list = await hub.call('GET', '/v2/access-tokens', { bearer });
  assert.deepEqual([list.json.count, list.json.active_count, list.json.next], [1, 1, null]);
  assert.equal(list.text.includes(token), false);
  const path = `/v2/access-tokens/${uuid}`;
  assert.equal((await hub.call('GET', path, { bearer })).json.last_used, null);

  assert.equal((await hub.call('GET', '/auth/token', { basic: `alice:${token}` })).status, 200);
  assert.notEqual((await hub.call('GET', path, { bearer })).json.last_used, null);

  const off = await hub.call('PATCH', path, { bearer, json: { is_active: false, token_label: 'old' } });
  assert.deepEqual([off.json.is_active, off.json.token_label], [false, 'old']);
  assert.equal((await hub.call('GET', '/auth/token', { basic: `alice:${token}` })).status, 401);
  await hub.call('PATCH', path, { bearer, json: { is_active: true } });
  assert.equal((await hub.call('GET', '/auth/token', { basic: `alice:${token}` })).status, 200);

  assert.equal((await hub.call('DELETE', path, { bearer })).status, 204);
  assert.equal((await hub.call('DELETE', path, { bearer })).json.code, 'ACCESS_TOKEN_UNKNOWN');
  assert.equal((await hub.call('GET', '/auth/token', { basic: `alice:${token}` })).status, 401);
});

test("an access token is its own user's alone", async () => {
  await using hub = await openTestHub();
  const alice = await hub.user('alice');
  const bob = await hub.user('bob');
  const { uuid, token } = await newToken(hub, alice, ['repo:admin']);
  assert.equal((await hub.call('GET', '/auth/token', { basic: `bob:${token}` })).status, 401);
  for (const method of ['GET', 'DELETE']) {
    assert.equal((await hub.call(method, `/v2/access-tokens/${uuid}`, { bearer: bob })).status, 404);
  }
  assert.equal((await hub.call('GET', '/v2/access-tokens')).status, 401);
});

test('what came from a deleted access token ends with it', async () => {
  await using hub = await openTestHub();
  const bearer = await hub.user('alice');
  const { uuid, token } = await newToken(hub, bearer, ['repo:write']);
  const opened = await hub.call('POST', '/v2/auth/token', { json: { identifier: 'alice', secret: token } });
  const offline = await hub.call('GET', '/auth/token?offline_token=true', { basic: `alice:${token}` });
  const form = { grant_type: 'refresh_token', refresh_token: offline.json.refresh_token as string };
  const visible = () => hub.call('GET', '/v2/user', { bearer: opened.json.access_token });
  assert.equal((await visible()).status, 200);
  assert.equal((await hub.call('POST', '/auth/token', { form })).status, 200);
  await hub.call('DELETE', `/v2/access-tokens/${uuid}`, { bearer });
  assert.equal((await visible()).status, 401);
  assert.equal((await hub.call('POST', '/auth/token', { form })).status, 401);
});

test('an access token may not make or list access tokens, nor change the password', async () => {
  await using hub = await openTestHub();
  const bearer = await hub.user('alice');
  const { token } = await newToken(hub, bearer, ['repo:admin']);
  const opened = await hub.call('POST', '/v2/auth/token', { json: { identifier: 'alice', secret: token } });
  const weak = opened.json.access_token as string;
  const json = { token_label: 'more', scopes: ['repo:admin'] };
  assert.equal(
    (await hub.call('POST', '/v2/access-tokens', { bearer: weak, json })).json.code,
    'NOT_ALLOWED',
  );
  assert.equal((await hub.call('GET', '/v2/access-tokens', { bearer: weak })).status, 403);
  const change = { current_password: PASSWORD, new_password: 'another password' };
  assert.equal((await hub.call('POST', '/api/user/password', { bearer: weak, json: change })).status, 403);
  const withToken = { current_password: token, new_password: 'another password' };
  assert.equal((await hub.call('POST', '/api/user/password', { bearer, json: withToken })).status, 403);
});

test('an access token ends at its time, and may not begin after it', async (t) => {
  await using hub = await openTestHub();
  const bearer = await hub.user('alice');
  const expires_at = new Date(Date.now() + 86_400_000).toISOString();
  const { token } = await newToken(hub, bearer, ['repo:read'], { expires_at });
  const past = { token_label: 'x', scopes: ['repo:read'], expires_at: '2020-01-01T00:00:00Z' };
  assert.equal(
    (await hub.call('POST', '/v2/access-tokens', { bearer, json: past })).json.code,
    'EXPIRY_INVALID',
  );
  // Passes as a date-time, and is no moment that a clock here ever shows.
  const leap = await hub.call('POST', '/v2/access-tokens', {
    bearer,
    json: { ...past, expires_at: '2036-12-31T23:59:60Z' },
  });
  assert.equal(leap.json.code, 'EXPIRY_INVALID');
  assert.equal((await hub.call('GET', '/v2/access-tokens', { bearer })).json.count, 1);
  assert.equal((await hub.call('GET', '/auth/token', { basic: `alice:${token}` })).status, 200);
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 86_400_001 });
  t.after(() => mock.timers.reset());
  assert.equal((await hub.call('GET', '/auth/token', { basic: `alice:${token}` })).status, 401);
});

test('bad access tokens are refused, field by field', async () => {
  await using hub = await openTestHub();
  const bearer = await hub.user('alice');
  for (const [json, field] of [
    [{ scopes: ['repo:read'] }, 'token_label'],
    [{ token_label: 'x', scopes: [] }, 'scopes'],
    [{ token_label: 'x'.repeat(101), scopes: ['repo:read'] }, 'token_label'],
    [{ token_label: 'x', scopes: ['repo:all'] }, 'scopes.0'],
    [{ token_label: 'x', scopes: ['repo:read'], expires_at: 'tomorrow' }, 'expires_at'],
  ] as const) {
    const refused = await hub.call('POST', '/v2/access-tokens', { bearer, json });
    assert.equal(refused.status, 400);
    assert.ok(Object.hasOwn(refused.json.fields, field), refused.text);
  }
});

test('pages of access tokens follow one another', async () => {
  await using hub = await openTestHub();
  const bearer = await hub.user('alice');
  for (let count = 0; count < 5; count += 1) await newToken(hub, bearer, ['repo:read']);
  const seen = new Set<string>();
  let next: string | null = `${hub.url}/v2/access-tokens?page_size=2`;
  for (; next !== null; ) {
    const { json } = await hub.call('GET', next, { bearer });
    for (const { uuid } of json.results) seen.add(uuid);
    next = json.next;
  }
  assert.equal(seen.size, 5);
});
