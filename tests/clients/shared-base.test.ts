import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDockerd } from '../lab/dockerd.ts';
import { type AccessLine, startHub, type TestHub } from '../lab/hub.ts';
import { sharedBaseImages } from '../lab/layered-images.ts';
import { openPeers } from '../lab/peers.ts';

/** Manifest, config, and what tokens and the databases need. */
const METADATA_BYTES = 512 * 1024;

async function linesSince(hub: TestHub, before: readonly AccessLine[]): Promise<readonly AccessLine[]> {
  return (await hub.accessLog()).slice(before.length);
}

const received = (lines: readonly AccessLine[]) => lines.reduce((sum, line) => sum + line.bytesIn, 0);
const sent = (lines: readonly AccessLine[]) => lines.reduce((sum, line) => sum + line.bytesOut, 0);

test('of two images over one base the second push and the second pull move no byte of the base', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const layout = await sharedBaseImages(lab);
  await using hub = await startHub();
  const { host, username } = hub;
  const login = ['--username', username, '--password-stdin', '--tls-verify=false', host];
  await lab.must('podman', ['login', ...login], { input: hub.password });
  for (const name of ['first', 'second']) {
    await lab.must('skopeo', ['copy', `oci:${layout}:${name}`, `containers-storage:localhost/${name}:1`]);
  }
  const push = (name: string) =>
    lab.must('podman', [
      'push',
      '--quiet',
      '--tls-verify=false',
      `localhost/${name}:1`,
      `${host}/${username}/${name}:1`,
    ]);

  const start = await hub.accessLog();
  await push('first');
  const firstPush = received(await linesSince(hub, start));
  const [linesBefore, diskBefore] = [await hub.accessLog(), await hub.diskUsage()];
  await push('second');
  const secondLines = await linesSince(hub, linesBefore);
  const [secondPush, growth] = [received(secondLines), (await hub.diskUsage()) - diskBefore];

  const manifest = await lab.must('skopeo', [
    'inspect',
    '--raw',
    '--tls-verify=false',
    `docker://${host}/${username}/second:1`,
  ]);
  const [base, top] = (JSON.parse(manifest) as { layers: { digest: string; size: number }[] }).layers;
  assert.ok(base !== undefined && top !== undefined);
  assert.ok(firstPush > base.size, 'the first push brought the base');
  assert.ok(
    secondPush >= top.size && secondPush < top.size + METADATA_BYTES,
    `the second push sent ${secondPush} bytes`,
  );
  assert.ok(growth >= top.size && growth < top.size + METADATA_BYTES, `the disk grew by ${growth} bytes`);

  await using docker = await startDockerd(lab);
  await docker.docker(['login', '--username', username, '--password', hub.password, host]);
  await docker.docker(['pull', '--quiet', `${host}/${username}/first:1`]);
  const beforePull = await hub.accessLog();
  await docker.docker(['pull', '--quiet', `${host}/${username}/second:1`]);
  const pullLines = await linesSince(hub, beforePull);
  assert.ok(sent(pullLines) < top.size + METADATA_BYTES, `the second pull took ${sent(pullLines)} bytes`);
  assert.ok(!pullLines.some((line) => line.method === 'GET' && line.path.includes(base.digest)));
  t.diagnostic(
    `base ${base.size}, top ${top.size}: second push ${secondPush}, disk ${growth}, second pull ${sent(pullLines)} bytes`,
  );
});
