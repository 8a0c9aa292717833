import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { startDockerd } from '../lab/dockerd.ts';
import { startHub } from '../lab/hub.ts';
import { sharedBaseImages } from '../lab/layered-images.ts';
import { createNamespaces, writeHosts } from '../lab/netns.ts';
import { openPeers } from '../lab/peers.ts';
import { trustAuthority } from './round-trip.ts';

const HOST = 'hub.example.test:5000';

test('a pull-only credential pulls by digest, also after the tag has moved, and cannot push', async (t) => {
  const owner = await openPeers(t);
  const colleague = await openPeers(t);
  if (owner === undefined || colleague === undefined) return;
  const layout = await sharedBaseImages(owner);
  await using net = await createNamespaces(owner);
  await using hub = await startHub({
    netns: net.near,
    env: { BERTH_TLS: 'auto', BERTH_HUB_URL: `https://${HOST}`, BERTH_DEFAULT_PRIVACY: 'private' },
  });
  const pem = await readFile(hub.report.authorityPath ?? '', 'utf8');
  for (const lab of [owner, colleague]) {
    await writeHosts(lab, { 'hub.example.test': net.near.address });
    await trustAuthority(lab, { host: HOST, pem });
  }
  const [near, far] = [{ netns: net.near.pid }, { netns: net.far.pid }];
  const image = `${HOST}/${hub.username}/app`;

  const login = (secret: string) => ({
    args: ['login', '--username', hub.username, '--password-stdin', HOST],
    input: secret,
  });
  const own = login(hub.password);
  await owner.must('podman', own.args, { ...near, input: own.input });
  const push = (name: string) =>
    owner.must('skopeo', ['copy', `oci:${layout}:${name}`, `docker://${image}:1`], near);
  await push('first');
  const digest = (
    await owner.must('skopeo', ['inspect', '--format', '{{.Digest}}', `docker://${image}:1`], near)
  ).trim();

  const made = await hub.api('POST', '/v2/access-tokens', {
    json: { token_label: 'colleague', scopes: ['repo:read'] },
  });
  assert.equal(made.status, 201, made.text);
  const { token } = JSON.parse(made.text) as { readonly token: string };

  const anonymous = await colleague.run('podman', ['pull', `${image}@${digest}`], far);
  assert.notEqual(anonymous.code, 0, 'a private repository is not for everybody');
  const weak = login(token);
  await colleague.must('podman', weak.args, { ...far, input: weak.input });
  await colleague.must('podman', ['pull', '--quiet', `${image}@${digest}`], far);
  const refused = await colleague.run('podman', ['push', `${image}@${digest}`, `${image}:mine`], far);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /denied|unauthorized|requested access/i);

  await push('second');
  const moved = await owner.must(
    'skopeo',
    ['inspect', '--format', '{{.Digest}}', `docker://${image}:1`],
    near,
  );
  assert.notEqual(moved.trim(), digest, 'the tag has moved');
  await colleague.must('podman', ['rmi', '--all', '--force']);
  await colleague.must('podman', ['pull', '--quiet', `${image}@${digest}`], far);
  await using docker = await startDockerd(colleague, far);
  await docker.docker(['login', '--username', hub.username, '--password', token, HOST]);
  await docker.docker(['pull', '--quiet', `${image}@${digest}`]);
  const [shown] = JSON.parse(await docker.docker(['image', 'inspect', `${image}@${digest}`]));
  assert.deepEqual(shown.RepoDigests, [`${image}@${digest}`]);
  const tags = await owner.must('skopeo', ['list-tags', `docker://${image}`], near);
  assert.deepEqual(JSON.parse(tags).Tags, ['1']);
});
