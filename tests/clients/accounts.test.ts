import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDockerd } from '../lab/dockerd.ts';
import { startHub, type TestHub } from '../lab/hub.ts';
import { type Lab, openPeers } from '../lab/peers.ts';

const PASSWORD = 'four words in a row';

/** Makes users, and a small image in podman's store. */
async function furnish(lab: Lab, hub: TestHub, names: readonly string[]) {
  for (const username of names) {
    const made = await hub.api('POST', '/v2/users', { json: { username, password: PASSWORD } });
    assert.equal(made.status, 201, made.text);
  }
  const work = await mkdtemp(join(tmpdir(), 'berth-accounts-'));
  await writeFile(join(work, 'file'), 'hello\n');
  await lab.must('tar', ['-C', work, '-cf', join(work, 'tree.tar'), 'file']);
  await lab.must('podman', ['import', join(work, 'tree.tar'), 'localhost/small:1']);
  await rm(work, { recursive: true });
}

const plain = '--tls-verify=false';

async function login(lab: Lab, hub: TestHub, username: string, secret: string): Promise<void> {
  await lab.must('podman', ['login', plain, '--username', username, '--password-stdin', hub.host], {
    input: secret,
  });
}

async function push(lab: Lab, hub: TestHub, name: string) {
  return await lab.run('podman', ['push', plain, 'localhost/small:1', `docker://${hub.host}/${name}`]);
}

test('podman signs in, pushes to its own namespace and nowhere else; others pull what is public', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  await using hub = await startHub();
  await furnish(lab, hub, ['alice', 'bob']);

  const wrong = await lab.run(
    'podman',
    ['login', plain, '--username', 'alice', '--password-stdin', hub.host],
    {
      input: 'wrong password',
    },
  );
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stderr, /invalid username\/password|unauthorized/i);

  await login(lab, hub, 'alice', PASSWORD);
  assert.equal((await push(lab, hub, 'alice/app:1')).code, 0);
  for (const name of ['bob/app:1', 'library/app:1', 'nobody/app:1']) {
    const refused = await push(lab, hub, name);
    assert.notEqual(refused.code, 0, name);
    assert.match(refused.stderr, /denied|unauthorized|authentication required/i, name);
  }
  await lab.must('podman', ['logout', hub.host]);

  const anonymous = ['inspect', plain, '--no-creds', `docker://${hub.host}/alice/app:1`];
  assert.match(await lab.must('skopeo', anonymous), /"sha256:/);
  const json = { is_private: true };
  const path = '/v2/namespaces/alice/repositories/app';
  assert.equal((await hub.api('PATCH', path, { json })).status, 200);
  const hidden = await lab.run('skopeo', anonymous);
  const absent = await lab.run('skopeo', [...anonymous.slice(0, -1), `docker://${hub.host}/alice/none:1`]);
  assert.notEqual(hidden.code, 0);
  assert.equal(
    hidden.stderr.replaceAll('/app', '/none').replace(/time="[^"]*"/g, ''),
    absent.stderr.replace(/time="[^"]*"/g, ''),
  );
  const bob = ['inspect', plain, '--creds', `bob:${PASSWORD}`, `docker://${hub.host}/alice/app:1`];
  assert.notEqual((await lab.run('skopeo', bob)).code, 0);
  const alice = ['inspect', plain, '--creds', `alice:${PASSWORD}`, `docker://${hub.host}/alice/app:1`];
  assert.match(await lab.must('skopeo', alice), /"sha256:/);
});

test('a pull-only access token pulls by digest, cannot push, and pulls on after the tag has moved', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  await using hub = await startHub();
  await furnish(lab, hub, ['alice']);
  const as = { username: 'alice', password: PASSWORD };
  await login(lab, hub, 'alice', PASSWORD);
  assert.equal((await push(lab, hub, 'alice/app:1')).code, 0);
  await hub.api('PATCH', '/v2/namespaces/alice/repositories/app', { as, json: { is_private: true } });
  const shown = await hub.api('GET', '/v2/namespaces/alice/repositories/app/tags/1', { as });
  const { digest } = JSON.parse(shown.text) as { readonly digest: string };
  const json = { token_label: 'pull only', scopes: ['repo:read'] };
  const { token } = JSON.parse((await hub.api('POST', '/v2/access-tokens', { as, json })).text) as {
    readonly token: string;
  };

  const work = await mkdtemp(join(tmpdir(), 'berth-accounts-'));
  t.after(() => rm(work, { recursive: true, force: true }));
  const pull = ['copy', '--src-tls-verify=false', '--src-creds', `alice:${token}`];
  const image = `docker://${hub.host}/alice/app@${digest}`;
  await lab.must('skopeo', [...pull, image, `oci:${work}/pulled`]);
  await login(lab, hub, 'alice', token);
  const refused = await push(lab, hub, 'alice/app:2');
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /denied|unauthorized|authentication required/i);

  await login(lab, hub, 'alice', PASSWORD);
  await lab.must('skopeo', [
    ...['copy', '--src-tls-verify=false', '--dest-tls-verify=false'],
    `docker://${hub.host}/library/hello:latest`,
    `docker://${hub.host}/alice/app:1`,
  ]);
  await lab.must('skopeo', [...pull, image, `oci:${work}/pulled`]);
});

test('docker login keeps a refresh token instead of the password, and works with it', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  await using hub = await startHub();
  await furnish(lab, hub, ['alice']);
  await using dockerd = await startDockerd(lab);
  await assert.rejects(
    dockerd.docker(['login', '--username', 'alice', '--password', 'wrong password', hub.host]),
    /unauthorized/i,
  );
  await dockerd.docker(['login', '--username', 'alice', '--password', PASSWORD, hub.host]);
  const config = await readFile(join(lab.state, 'root/.docker/config.json'), 'utf8');
  t.diagnostic(`docker keeps ${config.includes('identitytoken') ? 'a refresh token' : 'the password'}`);

  await dockerd.docker(['pull', `${hub.host}/library/hello:latest`]);
  await dockerd.docker(['tag', `${hub.host}/library/hello:latest`, `${hub.host}/alice/hello:1`]);
  await dockerd.docker(['push', `${hub.host}/alice/hello:1`]);
  await assert.rejects(async () => {
    await dockerd.docker(['tag', `${hub.host}/library/hello:latest`, `${hub.host}/library/other:1`]);
    await dockerd.docker(['push', `${hub.host}/library/other:1`]);
  }, /denied/i);
  const list = JSON.parse((await hub.api('GET', '/v2/namespaces/alice/repositories')).text);
  assert.deepEqual(
    list.results.map((row: { readonly name: string }) => row.name),
    ['hello'],
  );
});
