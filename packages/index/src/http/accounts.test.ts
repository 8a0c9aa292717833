import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { openTestHub, PASSWORD } from '../testing/test-hub.ts';

test('sign-up: two of one name at once, exactly one account', async () => {
  await using hub = await openTestHub();
  await hub.user('admin');
  const json = { username: 'alice', password: PASSWORD };
  const answers = await Promise.all([1, 2, 3].map(() => hub.call('POST', '/v2/users', { json })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409]);
  const refused = answers.find(({ status }) => status === 409);
  assert.equal(refused?.json.code, 'USER_NAME_TAKEN');
  assert.match(refused?.json.fields.username, /"alice"/);
});

test('sign-up: the path of older tools, a slash at the end, an address', async () => {
  await using hub = await openTestHub();
  await hub.user('admin');
  const json = { username: 'bob', password: PASSWORD, email: 'bob@example.org' };
  assert.equal((await hub.call('POST', '/v2/users/signup/', { json })).status, 201);
  const wrong = await hub.call('POST', '/v2/users', { json: { ...json, username: 'carol', email: 'carol' } });
  assert.deepEqual([wrong.status, wrong.json.code], [400, 'EMAIL_INVALID']);
});

test('sign-up: closed, and refused before there is an administrator', async () => {
  {
    await using hub = await openTestHub();
    const json = { username: 'alice', password: PASSWORD };
    assert.equal((await hub.call('POST', '/v2/users', { json })).json.code, 'SETUP_NEEDED');
  }
  await using hub = await openTestHub({ signUp: 'closed' });
  await hub.user('admin');
  const refused = await hub.call('POST', '/v2/users', { json: { username: 'bob', password: PASSWORD } });
  assert.deepEqual([refused.status, refused.json.code], [403, 'SIGN_UP_CLOSED']);
  assert.equal((await hub.call('GET', '/api/session')).json.signUp, 'closed');
});

test('sign-up: a name under which repositories are kept is taken', async () => {
  await using hub = await openTestHub();
  await hub.user('admin');
  await hub.registry.push('team/app', 'latest');
  await hub.call('GET', '/api/repositories');
  const refused = await hub.call('POST', '/v2/users', { json: { username: 'team', password: PASSWORD } });
  assert.deepEqual([refused.status, refused.json.code], [409, 'USER_NAME_TAKEN']);
});

test('sign-in: one answer for a wrong name and for a wrong password', async () => {
  await using hub = await openTestHub();
  await hub.user('alice');
  const wrong = await Promise.all(
    [
      ['alice', 'not the password'],
      ['nobody', PASSWORD],
      ['alice', 'brth_pat_0000000000000000000000000000000000000000000'],
      ['Alice', PASSWORD],
    ].map(([username, password]) => hub.call('POST', '/v2/users/login', { json: { username, password } })),
  );
  for (const { status, text } of wrong) {
    assert.equal(status, 401);
    assert.equal(text, wrong[0]?.text);
  }
});

test('sign-in: the eleventh wrong try gets 429 with Retry-After, also with the right password', async () => {
  await using hub = await openTestHub();
  await hub.user('alice');
  for (let count = 0; count < 10; count += 1) {
    const json = { username: 'alice', password: `wrong password ${count}` };
    assert.equal((await hub.call('POST', '/v2/users/login', { json })).status, 401);
  }
  const json = { username: 'alice', password: PASSWORD };
  const limited = await hub.call('POST', '/v2/users/login', { json });
  assert.deepEqual([limited.status, limited.json.code], [429, 'TOO_MANY_TRIES']);
  assert.ok(Number(limited.headers.get('retry-after')) > 0);
  const atTokens = await hub.call('GET', '/auth/token', { basic: `alice:${PASSWORD}` });
  assert.deepEqual([atTokens.status, atTokens.json.errors[0].code], [429, 'TOOMANYREQUESTS']);
  const onBasic = await hub.index.basic('alice', PASSWORD, { access: [], remoteAddress: '127.0.0.1' });
  assert.equal(onBasic.allowed === false && onBasic.reason, 'tooManyRequests');
});

test('sign-in: many at once with one right password are no attack', async () => {
  await using hub = await openTestHub();
  await hub.user('alice');
  const json = { identifier: 'alice', secret: PASSWORD };
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => hub.call('POST', '/v2/auth/token', { json })),
  );
  assert.ok(answers.every(({ status }) => status === 200));
});

test('sessions end, and a token that has ended is refused with a next step', async (t) => {
  await using hub = await openTestHub();
  await hub.user('alice');
  const { json } = await hub.call('POST', '/v2/auth/token', {
    json: { identifier: 'alice', secret: PASSWORD },
  });
  assert.equal((await hub.call('GET', '/v2/user', { bearer: json.access_token })).json.username, 'alice');
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 11 * 60_000 });
  t.after(() => mock.timers.reset());
  const ended = await hub.call('GET', '/v2/user', { bearer: json.access_token });
  assert.deepEqual([ended.status, ended.json.code], [401, 'SIGN_IN_NEEDED']);
  assert.match(ended.json.hint, /auth\/token/);
});

test('a changed password ends other sessions and refresh tokens, and keeps this session and access tokens', async () => {
  await using hub = await openTestHub();
  const mine = await hub.user('alice');
  const { json: other } = await hub.call('POST', '/v2/users/login', {
    json: { username: 'alice', password: PASSWORD },
  });
  const { json: offline } = await hub.call('GET', '/auth/token?offline_token=true', {
    basic: `alice:${PASSWORD}`,
  });
  const { json: machine } = await hub.call('POST', '/v2/access-tokens', {
    bearer: mine,
    json: { token_label: 'ci', scopes: ['repo:read'] },
  });

  const change = (current: string, next: string) =>
    hub.call('POST', '/api/user/password', {
      bearer: mine,
      json: { current_password: current, new_password: next },
    });
  assert.equal((await change('wrong password', 'another password')).status, 401);
  assert.equal((await change(PASSWORD, 'short')).json.code, 'PASSWORD_INVALID');
  assert.equal((await change(PASSWORD, 'another password')).status, 204);

  assert.equal((await hub.call('GET', '/v2/user', { bearer: mine })).status, 200);
  assert.equal((await hub.call('GET', '/v2/user', { bearer: other.token })).status, 401);
  const refresh = { grant_type: 'refresh_token', refresh_token: offline.refresh_token as string };
  assert.equal((await hub.call('POST', '/auth/token', { form: refresh })).status, 401);
  assert.equal((await hub.call('GET', '/auth/token', { basic: `alice:${PASSWORD}` })).status, 401);
  assert.equal((await hub.call('GET', '/auth/token', { basic: 'alice:another password' })).status, 200);
  assert.equal((await hub.call('GET', '/auth/token', { basic: `alice:${machine.token}` })).status, 200);
});

test('bad bodies are refused with what was wrong', async () => {
  await using hub = await openTestHub();
  await hub.user('alice');
  const json = { 'content-type': 'application/json' };
  const send = async (body: string, headers: Record<string, string>) => {
    const response = await fetch(`${hub.url}/v2/users/login`, { method: 'POST', body, headers });
    return {
      status: response.status,
      body: (await response.json()) as { code: string; message: string; hint: string },
    };
  };
  const big = await send(`"${'x'.repeat(70_000)}"`, json);
  assert.deepEqual([big.status, big.body.code], [413, 'BODY_TOO_LARGE']);
  const cut = await send('{"username":', json);
  assert.deepEqual([cut.status, cut.body.code], [400, 'INPUT_INVALID']);
  const text = await send('username=alice', { 'content-type': 'text/plain' });
  assert.deepEqual([text.status, text.body.code], [415, 'MEDIA_TYPE_UNSUPPORTED']);
  const typed = await send('{"username":7,"password":"secret value"}', json);
  assert.equal(typed.body.message, 'Cannot read the body: "username" must be string, got 7');
  const poisoned = await send('{"__proto__":{"username":"x"}}', json);
  assert.equal(poisoned.status, 400);
  for (const { body } of [big, cut, text, typed, poisoned]) assert.ok(body.hint.length > 0);
  const secret = await send('{"username":"alice","password":["my secret"]}', json);
  assert.doesNotMatch(secret.body.message, /my secret/);
  assert.deepEqual(hub.faults, []);
});

test('one address cannot make accounts without end', async () => {
  await using hub = await openTestHub();
  await hub.user('alice');
  const json = { username: 'x', password: PASSWORD };
  for (let count = 0; count < 100; count += 1) {
    assert.equal((await hub.call('POST', '/v2/users', { json })).json.code, 'USER_NAME_INVALID');
  }
  const refused = await hub.call('POST', '/v2/users', { json: { ...json, username: 'bob' } });
  assert.deepEqual([refused.status, refused.json.code], [429, 'TOO_MANY_SIGN_UPS']);
  assert.ok(Number(refused.headers.get('retry-after')) > 3000);
  const form = { username: 'bob', password: PASSWORD };
  assert.equal((await hub.call('POST', '/sign-up', { form })).status, 429);
});
