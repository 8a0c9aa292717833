import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { Compile } from 'typebox/compile';
import { type Answer, type CallOptions, openTestHub, PASSWORD } from '../testing/test-hub.ts';

type Operation = {
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }>;
};
type Document = { readonly openapi: string; readonly paths: Record<string, Record<string, Operation>> };

test('every route is in the OpenAPI document, the other ways of writing one apart', async () => {
  await using hub = await openTestHub();
  const routes: { readonly method: string; readonly url: string; readonly isHidden: boolean }[] = [];
  const app = Fastify();
  app.addHook('onRoute', ({ method, url, schema }) => {
    for (const each of [method].flat()) routes.push({ method: each, url, isHidden: schema?.hide === true });
  });
  await app.register(hub.index.routes);
  await app.ready();
  await app.close();

  const document = (await hub.call('GET', '/api/openapi.json')).json as Document;
  assert.equal(document.openapi, '3.1.0');
  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const shown = routes.filter(({ method, isHidden }) => method !== 'HEAD' && !isHidden);
  const expected = shown.map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`);
  assert.deepEqual(documented.sort(), expected.sort());
  assert.deepEqual(
    routes
      .filter(({ method, isHidden }) => method !== 'HEAD' && isHidden)
      .map(({ url }) => url)
      .sort(),
    [
      '/api/openapi.json',
      '/v2/repositories/:namespace',
      '/v2/repositories/:namespace/:repository',
      '/v2/repositories/:namespace/:repository/tags',
      '/v2/repositories/:namespace/:repository/tags/:tag',
      '/v2/users/signup',
    ],
  );
});

test('every operation answers, right and wrong, as the document says', async () => {
  await using hub = await openTestHub();
  const document = (await hub.call('GET', '/api/openapi.json')).json as Document;
  const left = new Set(
    Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    ),
  );

  async function check(
    method: string,
    template: string,
    options: CallOptions & { readonly path?: string; readonly status: number },
  ): Promise<Answer> {
    const answer = await hub.call(method.toUpperCase(), options.path ?? template, options);
    const name = `${method} ${template} ${options.status}`;
    assert.equal(answer.status, options.status, `${name}: ${answer.text}`);
    const response = document.paths[template]?.[method]?.responses[String(answer.status)];
    assert.ok(response !== undefined, `${name} is not in the document`);
    const schema = response.content?.['application/json']?.schema;
    if (answer.json !== undefined) {
      const check_ = Compile(schema ?? {});
      assert.ok(check_.Check(answer.json), `${name}: ${JSON.stringify(check_.Errors(answer.json))}`);
    }
    left.delete(`${method} ${template}`);
    return answer;
  }

  const code = new URL((await hub.index.setup.pendingLink(hub.url)) ?? '').searchParams.get('code') ?? '';
  const admin = { username: 'admin', password: PASSWORD };
  const alice = { username: 'alice', password: PASSWORD };
  await check('get', '/api/session', { status: 200 });
  await check('post', '/v2/users', { status: 409, json: alice });
  await check('post', '/setup', { status: 403, form: { ...admin, code: 'wrong' } });
  await check('post', '/setup', { status: 200, form: { ...admin, code } });
  await check('post', '/v2/users', { status: 201, json: alice });
  await check('post', '/v2/users', { status: 400, json: {} });
  await check('post', '/sign-up', { status: 200, form: { ...alice, username: 'bob' } });
  await check('post', '/sign-in', { status: 401, form: { ...alice, password: 'wrong' } });
  await check('post', '/sign-in', { status: 303, form: alice, headers: { accept: 'text/html' } });
  await check('post', '/sign-out', { status: 204 });
  await check('post', '/v2/users/login', { status: 401, json: { ...alice, password: 'wrong' } });
  const bearer = (await check('post', '/v2/users/login', { status: 200, json: alice })).json.token as string;
  await check('get', '/api/session', { status: 200, bearer });
  await check('post', '/v2/auth/token', { status: 200, json: { identifier: 'alice', secret: PASSWORD } });
  await check('get', '/v2/user', { status: 200, bearer });
  await check('get', '/v2/user', { status: 401 });

  const token = { token_label: 'ci', scopes: ['repo:read'], expires_at: '2999-01-01T00:00:00Z' };
  const made = await check('post', '/v2/access-tokens', { status: 201, bearer, json: token });
  const path = `/v2/access-tokens/${made.json.uuid}`;
  await check('get', '/v2/access-tokens', { status: 200, bearer });
  await check('get', '/v2/access-tokens/{uuid}', { status: 200, bearer, path });
  await check('get', '/v2/access-tokens/{uuid}', { status: 404, bearer, path: '/v2/access-tokens/x' });
  await check('patch', '/v2/access-tokens/{uuid}', { status: 200, bearer, path, json: { is_active: false } });
  await check('delete', '/v2/access-tokens/{uuid}', { status: 204, bearer, path });

  await hub.registry.push('alice/app', 'v1');
  const repository = '/v2/namespaces/{namespace}/repositories/{repository}';
  const at = { path: '/v2/namespaces/alice/repositories/app' };
  const inAlice = { path: '/v2/namespaces/alice/repositories', bearer };
  await check('get', '/api/repositories', { status: 200 });
  await check('get', '/v2/namespaces/{namespace}/repositories', { status: 200, ...inAlice });
  await check('post', '/v2/namespaces/{namespace}/repositories', {
    status: 201,
    ...inAlice,
    json: { name: 'new' },
  });
  await check('post', '/v2/namespaces/{namespace}/repositories', {
    status: 409,
    ...inAlice,
    json: { name: 'new' },
  });
  await check('get', repository, { status: 200, ...at });
  await check('patch', repository, { status: 200, ...at, bearer, json: { description: 'An app' } });
  await check('patch', repository, { status: 401, ...at, json: {} });
  await check('get', `${repository}/tags`, { status: 200, path: `${at.path}/tags` });
  await check('get', `${repository}/tags/{tag}`, { status: 200, path: `${at.path}/tags/v1` });
  await check('get', `${repository}/tags/{tag}`, { status: 404, path: `${at.path}/tags/v2` });

  await check('get', '/auth/keys', { status: 200 });
  await check('get', '/auth/token', {
    status: 200,
    path: '/auth/token?offline_token=true',
    basic: `alice:${PASSWORD}`,
  });
  await check('get', '/auth/token', { status: 401, basic: 'alice:wrong' });
  await check('get', '/auth/token', { status: 400, path: '/auth/token?scope=x' });
  await check('post', '/auth/token', { status: 200, form: { grant_type: 'password', ...alice } });
  const change = { current_password: PASSWORD, new_password: 'another password' };
  await check('post', '/api/user/password', { status: 204, bearer, json: change });
  assert.deepEqual([...left], []);
  assert.deepEqual(hub.faults, []);
});
