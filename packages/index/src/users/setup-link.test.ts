import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTestHub, PASSWORD, type TestHub } from '../testing/test-hub.ts';

async function codeOf(hub: TestHub): Promise<string> {
  const link = (await hub.index.setup.pendingLink('http://localhost:5000/')) ?? '';
  assert.ok(link.startsWith('http://localhost:5000/setup?code='));
  return new URL(link).searchParams.get('code') ?? '';
}

test('the set-up link makes one administrator and then is dead', async () => {
  await using hub = await openTestHub();
  const code = await codeOf(hub);
  assert.ok(Buffer.from(code, 'base64url').length >= 16);
  assert.equal((await hub.call('GET', '/api/session')).json.setupNeeded, true);

  const form = { code, username: 'alice', password: PASSWORD };
  const made = await hub.call('POST', '/setup', { form });
  assert.equal(made.status, 200);
  assert.equal(made.json.user.is_admin, true);
  assert.equal(await hub.index.setup.pendingLink('http://localhost:5000'), undefined);
  assert.equal((await hub.call('GET', '/api/session')).json.setupNeeded, false);

  const again = await hub.call('POST', '/setup', { form: { ...form, username: 'mallory' } });
  assert.equal(again.status, 403);
  assert.equal(again.json.code, 'SETUP_CODE_WRONG');
  assert.deepEqual(await eventsOf(hub), [{ type: 'user.created', user: 'alice', actor: 'alice' }]);
});

test('of several set-ups at once exactly one wins, of createAdmin too', async () => {
  await using hub = await openTestHub();
  const code = await codeOf(hub);
  const names = ['u1', 'u2', 'u3', 'u4'];
  const [answers, admins] = await Promise.all([
    Promise.all(
      names.map((username) => hub.call('POST', '/setup', { form: { code, username, password: PASSWORD } })),
    ),
    Promise.all(['a1', 'a2'].map((username) => hub.index.createAdmin({ username, password: PASSWORD }))),
  ]);
  const made =
    answers.filter(({ status }) => status === 200).length +
    admins.filter((user) => user !== undefined).length;
  assert.equal(made, 1);
  assert.equal((await eventsOf(hub)).length, 1);
});

test('a refused name or password leaves the set-up link alive', async () => {
  await using hub = await openTestHub();
  const code = await codeOf(hub);
  for (const [username, password, field] of [
    ['Alice', PASSWORD, 'username'],
    ['alice', 'short', 'password'],
  ] as const) {
    const refused = await hub.call('POST', '/setup', { form: { code, username, password } });
    assert.equal(refused.status, 400);
    assert.deepEqual(Object.keys(refused.json.fields), [field]);
  }
  assert.equal(
    (await hub.call('POST', '/setup', { form: { code: 'x', username: 'alice', password: PASSWORD } })).status,
    403,
  );
  assert.equal(
    (await hub.call('POST', '/setup', { form: { code, username: 'alice', password: PASSWORD } })).status,
    200,
  );
});

test('a new start makes a new link and kills the old one', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-index-'));
  t.after(() => rm(folder, { recursive: true }));
  const database = { url: `sqlite:${join(folder, 'index.db')}` };
  let old: string;
  {
    await using hub = await openTestHub({ database });
    old = await codeOf(hub);
  }
  await using hub = await openTestHub({ database });
  const code = await codeOf(hub);
  assert.notEqual(code, old);
  const form = { username: 'alice', password: PASSWORD };
  assert.equal((await hub.call('POST', '/setup', { form: { ...form, code: old } })).status, 403);
  assert.equal((await hub.call('POST', '/setup', { form: { ...form, code } })).status, 200);
});

test('createAdmin() makes the first account once and kills the link', async () => {
  await using hub = await openTestHub();
  const code = await codeOf(hub);
  const admin = await hub.index.createAdmin({ username: 'admin', password: PASSWORD });
  assert.equal(admin?.isAdmin, true);
  assert.equal(await hub.index.createAdmin({ username: 'admin', password: 'another password' }), undefined);
  assert.equal(await hub.index.setup.pendingLink('http://localhost:5000'), undefined);
  const form = { code, username: 'alice', password: PASSWORD };
  assert.equal((await hub.call('POST', '/setup', { form })).status, 403);
});

async function eventsOf(hub: TestHub): Promise<unknown[]> {
  return (await hub.index.events.read({ after: 0 })).map(({ event }) => event);
}
