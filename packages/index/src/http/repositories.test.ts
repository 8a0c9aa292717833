import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestHub } from '../testing/test-hub.ts';

test("a first push makes the repository with its owner's default privacy", async () => {
  await using hub = await openTestHub({ defaultPrivacy: 'private' });
  await hub.user('admin');
  const alice = await hub.user('alice');
  await hub.registry.push('alice/app', 'latest');
  await hub.registry.push('library/hello', 'latest');
  await hub.registry.push('team/app', 'latest');
  const everyone = await hub.call('GET', '/api/repositories');
  assert.deepEqual(everyone.json.results.map(fullName), ['library/hello']);
  const mine = await hub.call('GET', '/api/repositories', { bearer: alice });
  assert.deepEqual(mine.json.results.map(fullName).sort(), ['alice/app', 'library/hello']);
  const all = await hub.call('GET', '/api/repositories', { bearer: await hub.user('admin') });
  assert.equal(all.json.count, 3);
});

test('/api/repositories gives the newest first, in pages', async () => {
  await using hub = await openTestHub();
  for (let count = 0; count < 5; count += 1) {
    await hub.registry.push(`alice/app${count}`, 'latest');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await hub.registry.push('alice/app1', 'v2');
  const seen: string[] = [];
  let next: string | null = '/api/repositories?page_size=2';
  for (; next !== null; ) {
    const { json } = await hub.call('GET', next);
    assert.equal(json.count, 5);
    seen.push(...json.results.map(fullName));
    next = json.next;
  }
  assert.deepEqual(seen, ['alice/app1', 'alice/app4', 'alice/app3', 'alice/app2', 'alice/app0']);
  const last = await hub.call('GET', '/api/repositories?page=3&page_size=2');
  assert.deepEqual(
    [last.json.next, last.json.previous],
    [null, `${hub.url}/api/repositories?page=2&page_size=2`],
  );
});

test('the list of a namespace can be filtered and ordered; an unknown one is empty', async () => {
  await using hub = await openTestHub();
  for (const name of ['web', 'api', 'web-admin']) {
    await hub.registry.push(`alice/${name}`, 'latest');
  }
  await hub.registry.push('bob/web', 'latest');
  const list = async (query: string) =>
    (await hub.call('GET', `/v2/namespaces/alice/repositories?${query}`)).json.results.map(fullName);
  assert.deepEqual(await list('ordering=name'), ['alice/api', 'alice/web', 'alice/web-admin']);
  assert.deepEqual(await list('ordering=-name&name=web'), ['alice/web-admin', 'alice/web']);
  assert.deepEqual(await list('name=%25'), []);
  assert.equal((await hub.call('GET', '/v2/namespaces/nobody/repositories')).json.count, 0);
  assert.equal((await hub.call('GET', '/v2/repositories/alice/?page_size=1')).json.count, 3);
  const refused = await hub.call('GET', '/v2/namespaces/alice/repositories?ordering=stars');
  assert.ok(Object.hasOwn(refused.json.fields, 'ordering'));
});

test('a private repository looks unknown to others, in the same words', async () => {
  await using hub = await openTestHub({ defaultPrivacy: 'private' });
  await hub.user('admin');
  await hub.user('alice');
  const bob = await hub.user('bob');
  await hub.registry.push('alice/secret', 'latest');
  for (const more of [{}, { bearer: bob }]) {
    for (const rest of ['', '/tags', '/tags/latest']) {
      const hidden = await hub.call('GET', `/v2/namespaces/alice/repositories/secret${rest}`, more);
      const absent = await hub.call('GET', `/v2/namespaces/alice/repositories/absent${rest}`, more);
      assert.equal(hidden.status, 404);
      assert.equal(hidden.text.replaceAll('secret', 'absent'), absent.text);
    }
    const json = { description: 'x' };
    assert.equal((await hub.call('HEAD', '/v2/namespaces/alice/repositories/secret', more)).status, 404);
    const change = await hub.call('PATCH', '/v2/namespaces/alice/repositories/secret', { ...more, json });
    assert.equal(change.status, 'bearer' in more ? 404 : 401);
  }
});

test('the owner changes description and visibility; others may not; the event is told once', async () => {
  await using hub = await openTestHub();
  await hub.user('admin');
  const alice = await hub.user('alice');
  const bob = await hub.user('bob');
  const id = await hub.registry.push('alice/team/app', 'latest');
  const path = '/v2/namespaces/alice/repositories/team%2Fapp';
  const refused = await hub.call('PATCH', path, { bearer: bob, json: { is_private: true } });
  assert.deepEqual([refused.status, refused.json.code], [403, 'NOT_ALLOWED']);
  const json = { is_private: true, description: 'An app', full_description: '# App' };
  const changed = await hub.call('PATCH', path, { bearer: alice, json });
  assert.deepEqual(
    [changed.json.is_private, changed.json.description, changed.json.full_description],
    [true, 'An app', '# App'],
  );
  assert.deepEqual(changed.json.permissions, { read: true, write: true, admin: true });
  await hub.call('PATCH', path, { bearer: alice, json: { is_private: true } });
  const events = (await hub.index.events.read({ after: 0 })).map(({ event }) => event);
  assert.deepEqual(
    events.filter(({ type }) => type === 'repository.visibility'),
    [
      {
        type: 'repository.visibility',
        repositoryId: id,
        repository: 'alice/team/app',
        isPrivate: true,
        actor: 'alice',
      },
    ],
  );
  const long = await hub.call('PATCH', path, { bearer: alice, json: { description: 'x'.repeat(101) } });
  assert.equal(long.status, 400);
});

test('a repository made before its first push keeps what was said of it', async () => {
  await using hub = await openTestHub();
  await hub.user('admin');
  const alice = await hub.user('alice');
  const create = (namespace: string, json: object) =>
    hub.call('POST', `/v2/namespaces/${namespace}/repositories`, { bearer: alice, json });
  const made = await create('alice', { name: 'app', is_private: true, description: 'Mine' });
  assert.deepEqual([made.status, made.json.is_private], [201, true]);
  assert.deepEqual((await create('alice', { name: 'app' })).json.code, 'REPOSITORY_EXISTS');
  assert.deepEqual((await create('bob', { name: 'app' })).json.code, 'NOT_ALLOWED');
  assert.deepEqual((await create('alice', { name: 'App' })).json.code, 'REPOSITORY_NAME_INVALID');
  const tags = '/v2/namespaces/alice/repositories/app/tags';
  assert.equal((await hub.call('GET', tags, { bearer: alice })).json.count, 0);
  await hub.registry.push('alice/app', 'v1');
  assert.equal((await hub.call('GET', '/v2/repositories/alice/app')).status, 404);
  const now = await hub.call('GET', '/v2/namespaces/alice/repositories/app', { bearer: alice });
  assert.deepEqual([now.json.is_private, now.json.description], [true, 'Mine']);
  assert.equal((await hub.call('GET', tags, { bearer: alice })).json.count, 1);
});

test('two of one name at once make one repository', async () => {
  await using hub = await openTestHub();
  const bearer = await hub.user('alice');
  const json = { name: 'app' };
  const answers = await Promise.all(
    [1, 2, 3].map(() => hub.call('POST', '/v2/namespaces/alice/repositories', { bearer, json })),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409]);
});

test('an access token of public repositories alone sees no private ones', async () => {
  await using hub = await openTestHub({ defaultPrivacy: 'private' });
  const bearer = await hub.user('alice');
  await hub.registry.push('alice/app', 'latest');
  const json = { token_label: 'x', scopes: ['repo:public_read'] };
  const { token } = (await hub.call('POST', '/v2/access-tokens', { bearer, json })).json;
  const opened = await hub.call('POST', '/v2/auth/token', { json: { identifier: 'alice', secret: token } });
  const weak = { bearer: opened.json.access_token as string };
  assert.equal((await hub.call('GET', '/api/repositories', weak)).json.count, 0);
  assert.equal((await hub.call('GET', '/v2/namespaces/alice/repositories/app', weak)).status, 404);
  const create = { ...weak, json: { name: 'other' } };
  assert.equal((await hub.call('POST', '/v2/namespaces/alice/repositories', create)).status, 403);
});

test('tags come by name, in pages by number and by name', async () => {
  await using hub = await openTestHub();
  for (const tag of ['v3', 'v1', 'v2', 'latest', 'v4']) await hub.registry.push('alice/app', tag);
  const path = '/v2/namespaces/alice/repositories/app/tags';
  const seen: string[] = [];
  let next: string | null = `${path}?page_size=2`;
  for (; next !== null; ) {
    const { json } = await hub.call('GET', next);
    assert.equal(json.count, 5);
    seen.push(...json.results.map((tag: { name: string }) => tag.name));
    next = json.next;
  }
  assert.deepEqual(seen, ['latest', 'v1', 'v2', 'v3', 'v4']);
  const third = await hub.call('GET', `${path}?page=3&page_size=2`);
  assert.deepEqual(
    third.json.results.map((tag: { name: string }) => tag.name),
    ['v4'],
  );
  assert.equal((await hub.call('GET', `${path}?page=9`)).json.results.length, 0);
  const far = await hub.call('GET', `${path}?page=1000&page_size=100`);
  assert.deepEqual([far.status, far.json.code], [400, 'PAGE_TOO_FAR']);
});

test('a tag says digest, size, platforms, when and by whom', async () => {
  await using hub = await openTestHub();
  await hub.registry.push('alice/app', 'v1');
  const { json } = await hub.call('GET', '/v2/repositories/alice/app/tags/v1/');
  assert.match(json.digest, /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(json.images, [
    { architecture: 'arm64', os: 'linux', variant: 'v8', os_version: null, digest: json.digest, size: 1000 },
  ]);
  assert.deepEqual([json.full_size, json.last_updater_username], [1000, 'tester']);
  const missing = await hub.call('GET', '/v2/namespaces/alice/repositories/app/tags/v9');
  assert.deepEqual([missing.status, missing.json.code], [404, 'TAG_UNKNOWN']);
});

test('a deleted repository is gone from the lists, and a new one of its name is new', async () => {
  await using hub = await openTestHub();
  const bearer = await hub.user('alice');
  await hub.registry.push('alice/app', 'latest');
  await hub.call('PATCH', '/v2/namespaces/alice/repositories/app', { bearer, json: { is_private: true } });
  await hub.registry.deleteRepository('alice/app');
  assert.equal((await hub.call('GET', '/api/repositories', { bearer })).json.count, 0);
  await hub.registry.push('alice/app', 'latest');
  assert.equal((await hub.call('GET', '/api/repositories')).json.count, 1);
});

function fullName(row: { readonly namespace: string; readonly name: string }): string {
  return `${row.namespace}/${row.name}`;
}
