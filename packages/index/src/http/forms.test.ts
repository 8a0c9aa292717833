import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cookieOf, openTestHub, PASSWORD } from '../testing/test-hub.ts';

const form = { username: 'alice', password: PASSWORD };
const page = { accept: 'text/html,application/xhtml+xml' };

test('sign-in by a plain form: 303, and a cookie that scripts and other sites do not get', async () => {
  await using hub = await openTestHub();
  await hub.user('alice');
  const answer = await hub.call('POST', '/sign-in', { form, headers: page });
  assert.deepEqual([answer.status, answer.headers.get('location')], [303, '/']);
  const [cookie = ''] = answer.headers.getSetCookie();
  assert.match(cookie, /^berth_session=brth_ses_[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/);
  const session = await hub.call('GET', '/api/session', { cookie: cookieOf(answer) });
  assert.equal(session.json.user.username, 'alice');
});

test('the cookie is Secure where the Hub is reached over https', async () => {
  const requestContext = () => ({ baseUrl: 'https://hub.example.org', remoteAddress: '192.0.2.1' });
  await using hub = await openTestHub({ requestContext });
  await hub.user('alice');
  const headers = { origin: 'https://hub.example.org' };
  const answer = await hub.call('POST', '/sign-in', { form, headers });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.getSetCookie()[0] ?? '', /; Secure/);
});

test('sign-out ends the session for whoever kept the cookie; twice is no error', async () => {
  await using hub = await openTestHub();
  await hub.user('alice');
  const cookie = cookieOf(await hub.call('POST', '/sign-in', { form }));
  const out = await hub.call('POST', '/sign-out', { cookie });
  assert.equal(out.status, 204);
  assert.match(out.headers.getSetCookie()[0] ?? '', /^berth_session=; .*Expires=Thu, 01 Jan 1970/);
  assert.equal((await hub.call('GET', '/api/session', { cookie })).json.user, null);
  assert.equal((await hub.call('POST', '/sign-out', { cookie, headers: page })).status, 303);
});

test('sign-up by form signs in; a refusal is a page for a form and JSON for a script', async () => {
  await using hub = await openTestHub();
  await hub.user('admin');
  const made = await hub.call('POST', '/sign-up', { form });
  assert.deepEqual([made.status, made.json.user.username, made.json.user.is_admin], [200, 'alice', false]);
  assert.ok(cookieOf(made));
  const asPage = await hub.call('POST', '/sign-up', { form: { ...form, username: '<b>' }, headers: page });
  assert.deepEqual([asPage.status, asPage.headers.get('content-type')], [400, 'text/html; charset=utf-8']);
  assert.match(asPage.text, /&#60;b&#62;/);
  assert.doesNotMatch(asPage.text, /<b>/);
  const asJson = await hub.call('POST', '/sign-up', { form: { ...form, username: '<b>' } });
  assert.deepEqual([asJson.status, asJson.json.code], [400, 'USER_NAME_INVALID']);
  assert.equal(
    (await hub.call('POST', '/sign-in', { form: { username: 'alice' } })).json.fields.password,
    'is missing',
  );
});

test('forms and cookie calls from pages of other sites are refused', async () => {
  await using hub = await openTestHub();
  await hub.user('alice');
  const cookie = cookieOf(await hub.call('POST', '/sign-in', { form }));
  const foreign = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: hub.url },
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: hub.url.replace('http:', 'https:') },
  ];
  const json = { name: 'app' };
  for (const headers of foreign) {
    const signIn = await hub.call('POST', '/sign-in', { form, headers });
    assert.deepEqual([signIn.status, signIn.json.code], [403, 'ORIGIN_WRONG'], JSON.stringify(headers));
    const call = await hub.call('POST', '/v2/namespaces/alice/repositories', { json, cookie, headers });
    assert.deepEqual([call.status, call.json.code], [403, 'ORIGIN_WRONG'], JSON.stringify(headers));
  }
  for (const headers of [
    { origin: hub.url },
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
  ]) {
    assert.equal((await hub.call('POST', '/sign-in', { form, headers })).status, 200);
  }
  const headers = { origin: hub.url };
  assert.equal(
    (await hub.call('POST', '/v2/namespaces/alice/repositories', { json, cookie, headers })).status,
    201,
  );
});

test('a bearer token works from anywhere: no browser adds it by itself', async () => {
  await using hub = await openTestHub();
  const bearer = await hub.user('alice');
  const headers = { origin: 'http://tool.example' };
  const made = await hub.call('POST', '/v2/namespaces/alice/repositories', {
    json: { name: 'app' },
    bearer,
    headers,
  });
  assert.equal(made.status, 201);
});
