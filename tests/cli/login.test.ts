import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startHub, type TestHub } from '../lab/hub.ts';
import { newUser } from './run-berth.ts';

let hub: TestHub;
before(async () => {
  hub = await startHub();
});
after(() => hub[Symbol.asyncDispose]());

test('berth login keeps a login that the server takes, and berth logout forgets it', async () => {
  await using user = await newUser();
  const args = ['login', hub.host, '-u', hub.username, '--password-stdin'];
  const signedIn = await user.berth(args, { input: `${hub.password}\n` });
  assert.deepEqual([signedIn.code, signedIn.stdout], [0, `Signed in to ${hub.host} as ${hub.username}\n`]);
  const file = join(user.home, '.docker/config.json');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const { auths } = JSON.parse(await readFile(file, 'utf8'));
  assert.equal(Buffer.from(auths[hub.host].auth, 'base64').toString(), `${hub.username}:${hub.password}`);

  const pushed = await user.berth([
    'copy',
    `${hub.host}/library/hello`,
    `${hub.host}/${hub.username}/mine:v1`,
  ]);
  assert.equal(pushed.code, 0, pushed.stderr);
  assert.equal((await user.berth(['logout', hub.host])).stdout, `Signed out of ${hub.host}\n`);
  assert.equal((await user.berth(['logout', hub.host])).stdout, `There was no login for ${hub.host}\n`);
  assert.equal(
    (await user.berth(['copy', `${hub.host}/library/hello`, `${hub.host}/${hub.username}/mine:v2`])).code,
    1,
  );
});

test('berth login says of a wrong name and a wrong password the same, and keeps neither', async () => {
  await using user = await newUser();
  const said: string[] = [];
  for (const [name, password] of [
    [hub.username, 'wrong password'],
    ['nobody-here', hub.password],
  ]) {
    const { code, stderr } = await user.berth(['login', hub.host, '-u', name ?? '', '--password-stdin'], {
      input: password ?? '',
    });
    assert.equal(code, 1);
    said.push(stderr);
  }
  assert.equal(said[0], said[1]);
  assert.match(said[0] ?? '', /^berth: Cannot sign in to .* answered 401 \(UNAUTHORIZED: .*\)\n {7}\S/);
  await assert.rejects(stat(join(user.home, '.docker/config.json')), { code: 'ENOENT' });
});

test('berth login reads name and password line by line where there is no terminal', async () => {
  await using user = await newUser();
  const input = `${hub.username}\n${hub.password}\n`;
  const { code, stdout } = await user.berth(['login', `http://${hub.host}/`, '--format', 'json'], { input });
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), {
    registry: hub.host,
    username: hub.username,
    file: join(user.home, '.docker/config.json'),
  });
});

test('berth login without a server means the Hub of the settings', async () => {
  await using user = await newUser({ BERTH_HUB_URL: `http://${hub.host}` });
  const { code, stdout } = await user.berth(['login', '-u', hub.username, '-p', hub.password]);
  assert.deepEqual([code, stdout], [0, `Signed in to ${hub.host} as ${hub.username}\n`]);
});

test('berth login refuses what cannot be meant', async () => {
  await using user = await newUser();
  for (const args of [
    ['--password-stdin'],
    ['-p', 'x'],
    ['-u', 'a', '-p', 'x', '--password-stdin'],
    ['-u', 'a', '--password-stdin'],
  ]) {
    assert.equal((await user.berth(['login', hub.host, ...args])).code, 2, args.join(' '));
  }
  assert.equal((await user.berth(['login', 'a b'])).code, 2);
});

test('berth login writes where REGISTRY_AUTH_FILE says, and keeps what is there', async () => {
  await using user = await newUser();
  const path = join(user.home, 'auth.json');
  await writeFile(path, JSON.stringify({ auths: { 'other.example': { auth: 'bzpw' } }, extra: true }));
  const args = ['login', hub.host, '-u', hub.username, '--password-stdin'];
  assert.equal((await user.berth(args, { input: hub.password, env: { REGISTRY_AUTH_FILE: path } })).code, 0);
  const { auths, extra } = JSON.parse(await readFile(path, 'utf8'));
  assert.deepEqual([Object.keys(auths), extra], [['other.example', hub.host], true]);
});

test('berth token makes, lists and revokes access tokens', async () => {
  await using user = await newUser();
  const server = ['--server', hub.host];
  assert.match((await user.berth(['token', 'ls', ...server])).stderr, /nobody is signed in\n {7}berth login/);
  await user.berth(['login', hub.host, '-u', hub.username, '-p', hub.password]);

  const made = await user.berth([
    'token',
    'create',
    'ci',
    '--scope',
    'repo:read',
    '--expires',
    '30',
    ...server,
  ]);
  const secret = made.stdout.trim();
  assert.match(secret, /^brth_pat_\S+$/);
  const [listed] = (await user.json(['token', 'ls', ...server])) as {
    token_label: string;
    scopes: string[];
  }[];
  assert.deepEqual([listed?.token_label, listed?.scopes], ['ci', ['repo:read']]);

  await using robot = await newUser();
  assert.equal(
    (await robot.berth(['login', hub.host, '-u', hub.username, '--password-stdin'], { input: secret })).code,
    0,
  );
  assert.equal((await robot.berth(['tags', `${hub.host}/library/hello`])).stdout, 'latest\n');
  assert.equal(
    (await robot.berth(['copy', `${hub.host}/library/hello`, `${hub.host}/${hub.username}/robot:v1`])).code,
    1,
  );
  assert.match((await robot.berth(['token', 'ls', ...server])).stderr, /answered 403/);

  assert.match((await user.berth(['token', 'revoke', 'ci', ...server])).stdout, /^Revoked "ci"/);
  assert.equal((await user.berth(['token', 'revoke', 'ci', ...server])).code, 2);
  const again = await robot.berth(['login', hub.host, '-u', hub.username, '--password-stdin'], {
    input: secret,
  });
  assert.equal(again.code, 1);
});
