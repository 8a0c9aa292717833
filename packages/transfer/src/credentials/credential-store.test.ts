import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openCredentialStore } from './credential-store.ts';

async function home(t: TestContext, files: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'berth-logins-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return path;
}

const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8'));

test('set() writes what docker reads, for the user alone, and get() reads it back', async (t) => {
  const path = await home(t);
  const store = openCredentialStore({ env: {}, home: path });
  assert.equal(await store.get('localhost:5000'), undefined);
  await store.set('localhost:5000', { username: 'alice', password: 'a:b c' });
  const file = join(path, '.docker/config.json');
  assert.deepEqual(await readJson(file), { auths: { 'localhost:5000': auth('alice:a:b c') } });
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await store.get('localhost:5000'), { username: 'alice', password: 'a:b c' });
  assert.equal(await store.remove('localhost:5000'), true);
  assert.equal(await store.remove('localhost:5000'), false);
  assert.equal(await store.get('localhost:5000'), undefined);
});

test('set() keeps what it does not know, and a file that lies elsewhere', async (t) => {
  const path = await home(t, {
    'real.json': {
      auths: { other: { ...auth('o:p'), extra: 1 } },
      psFormat: 'table',
      'x-new': { deep: [1] },
    },
  });
  await mkdir(join(path, '.docker'));
  await symlink('../real.json', join(path, '.docker/config.json'));
  await openCredentialStore({ env: {}, home: path }).set('host', { username: 'u', password: 'p' });
  assert.deepEqual(await readJson(join(path, 'real.json')), {
    auths: { other: { ...auth('o:p'), extra: 1 }, host: auth('u:p') },
    psFormat: 'table',
    'x-new': { deep: [1] },
  });
});

test('changes at once are all kept', async (t) => {
  const path = await home(t);
  const hosts = Array.from({ length: 8 }, (_, n) => `host${n}`);
  await Promise.all(
    hosts.map((host) =>
      openCredentialStore({ env: {}, home: path }).set(host, { username: host, password: 'p' }),
    ),
  );
  assert.deepEqual(Object.keys((await readJson(join(path, '.docker/config.json'))).auths).sort(), hosts);
});

test('get() looks where docker and podman keep their logins, in this order', async (t) => {
  const path = await home(t, {
    'chosen.json': { auths: { a: auth('chosen:1') } },
    'docker/config.json': { auths: { a: auth('docker:1'), b: auth('docker:2') } },
    'run/containers/auth.json': { auths: { b: auth('run:1'), c: auth('run:2') } },
    '.config/containers/auth.json': { auths: { c: auth('config:1'), d: auth('config:2') } },
  });
  const env = {
    REGISTRY_AUTH_FILE: join(path, 'chosen.json'),
    DOCKER_CONFIG: join(path, 'docker'),
    XDG_RUNTIME_DIR: join(path, 'run'),
  };
  const store = openCredentialStore({ env, home: path });
  const users = await Promise.all(
    ['a', 'b', 'c', 'd', 'e'].map(async (host) => (await store.get(host))?.username),
  );
  assert.deepEqual(users, ['chosen', 'docker', 'run', 'config', undefined]);
  assert.equal(store.path, env.REGISTRY_AUTH_FILE);
});

test('get() takes the login of the longest namespace', async (t) => {
  const path = await home(t, {
    '.docker/config.json': {
      auths: { 'q:1': auth('host:1'), 'q:1/team': auth('team:1'), 'q:1/team/app': auth('app:1') },
    },
  });
  const store = openCredentialStore({ env: {}, home: path });
  const user = async (repository?: string) =>
    (await store.get('q:1', repository === undefined ? {} : { repository }))?.username;
  assert.deepEqual(await Promise.all([user('team/app'), user('team/other'), user('else/app'), user()]), [
    'app',
    'team',
    'host',
    'host',
  ]);
});

test('get() knows Docker’s spellings of a server', async (t) => {
  const path = await home(t, {
    '.docker/config.json': {
      auths: {
        'https://index.docker.io/v1/': { ...auth('hub:1'), identitytoken: 'refresh' },
        'https://old.example/v2/': { username: 'old', password: 'plain' },
        'empty.example': {},
      },
    },
  });
  const store = openCredentialStore({ env: {}, home: path });
  assert.deepEqual(await store.get('docker.io'), {
    username: 'hub',
    password: '1',
    identityToken: 'refresh',
  });
  assert.deepEqual(await store.get('old.example'), { username: 'old', password: 'plain' });
  assert.equal(await store.get('empty.example'), undefined);
  await store.set('docker.io', { username: 'new', password: '2' });
  const { auths } = await readJson(join(path, '.docker/config.json'));
  assert.deepEqual(auths['https://index.docker.io/v1/'], auth('new:2'));
});

const HELPER = `#!/bin/sh
# A helper that keeps its logins in files beside it.
folder=$(dirname "$0")
case "$1" in
  store) cat > "$folder/kept" ;;
  get) server=$(cat); if [ -e "$folder/kept" ]; then
    printf '{"ServerURL":"%s","Username":"<token>","Secret":"from helper"}' "$server"
  else echo "credentials not found in native keychain"; exit 1; fi ;;
  erase) if [ -e "$folder/locked" ]; then echo "the keychain is locked"; exit 1; fi; rm -f "$folder/kept" ;;
esac
`;

test('helpers are asked and told', async (t) => {
  const path = await home(t, {
    '.docker/config.json': { credsStore: 'test', credHelpers: { 'missing.example': 'nowhere' } },
    'bin/docker-credential-test': HELPER,
  });
  await chmod(join(path, 'bin/docker-credential-test'), 0o755);
  const env = { PATH: `${join(path, 'bin')}:${process.env.PATH}` };
  const store = openCredentialStore({ env, home: path });
  assert.equal(await store.get('host'), undefined);
  await store.set('host', { username: 'alice', password: 'secret' });
  const kept = await readJson(join(path, 'bin/kept'));
  assert.deepEqual(kept, { ServerURL: 'host', Username: 'alice', Secret: 'secret' });
  assert.equal((await readFile(join(path, '.docker/config.json'), 'utf8')).includes('secret'), false);
  assert.deepEqual(await store.get('host'), { username: '', password: '', identityToken: 'from helper' });
  await writeFile(join(path, 'bin/locked'), '');
  await assert.rejects(store.remove('host'), {
    code: 'CREDENTIAL_HELPER_FAILED',
    message: /the keychain is locked/,
  });
  await rm(join(path, 'bin/locked'));
  assert.equal(await store.remove('host'), true);
  assert.equal(await store.get('host'), undefined);
  await assert.rejects(store.get('missing.example'), {
    code: 'CREDENTIAL_HELPER_FAILED',
    message: 'Cannot use the credential helper "nowhere": docker-credential-nowhere is not in the PATH',
  });
});

test('damaged files are named and left alone', async (t) => {
  for (const content of ['{', '[]', '{"auths":[]}', '{"auths":{"host":{"auth":"bm9jb2xvbg=="}}}']) {
    const path = await home(t, { '.docker/config.json': content });
    const store = openCredentialStore({ env: {}, home: path });
    await assert.rejects(store.get('host'), { code: 'CREDENTIALS_INVALID' }, content);
    assert.equal(await readFile(join(path, '.docker/config.json'), 'utf8'), content);
  }
});
