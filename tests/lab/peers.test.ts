import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDebianRegistry } from './debian-registry.ts';
import { startDockerd } from './dockerd.ts';
import { openPeers } from './peers.ts';
import { freePort, isListening } from './ready.ts';

test('a program in the lab sees its own files, and killing it ends what it started', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  await lab.must('sh', [
    '-c',
    'echo changed > /etc/hostname; echo x > /root/x; touch /usr/x 2> /dev/null || true',
  ]);
  assert.equal(await readFile(join(lab.state, 'etc/hostname'), 'utf8'), 'changed\n');
  assert.notEqual(await readFile('/etc/hostname', 'utf8'), 'changed\n');
  assert.equal((await lab.run('test', ['-e', '/usr/x'])).code, 1);

  const server = await lab.start('sh', ['-c', 'sleep 4242 & echo up; wait'], {
    ready: (one) => one.output().includes('up'),
  });
  const seen = async () => (await lab.must('ps', ['-eo', 'args'], { hostPids: true })).includes('sleep 4242');
  assert.equal(await seen(), true);
  await server.stop();
  assert.equal(await seen(), false);
  assert.deepEqual((await lab.run('cat', [], { input: 'passed on' })).stdout, 'passed on');
});

test('every peer does its work: podman, skopeo, dockerd, buildah, umoci, docker-registry', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const work = await mkdtemp(join(tmpdir(), 'berth-peers-'));
  t.after(() => rm(work, { recursive: true, force: true }));
  await mkdir(join(work, 'tree/etc'), { recursive: true });
  await writeFile(join(work, 'tree/etc/hello'), 'hello\n');
  await lab.must('tar', ['-C', join(work, 'tree'), '-cf', join(work, 'tree.tar'), '.']);

  await using registry = await startDebianRegistry(lab);
  const image = `${registry.host}/team/hello:1`;
  await lab.must('podman', ['import', join(work, 'tree.tar'), image]);
  await lab.must('podman', ['push', '--tls-verify=false', image]);
  await lab.must('podman', ['rmi', image]);
  await lab.must('podman', ['pull', '--tls-verify=false', image]);

  const copy = `${registry.host}/team/copy:1`;
  await lab.must('skopeo', [
    'copy',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    `docker://${image}`,
    `docker://${copy}`,
  ]);

  await using docker = await startDockerd(lab);
  await docker.docker(['pull', copy]);
  const shown = JSON.parse(await docker.docker(['image', 'inspect', copy]));
  assert.match(shown[0].RepoDigests[0], /@sha256:[0-9a-f]{64}$/);

  await lab.must('buildah', ['from', '--tls-verify=false', '--name', 'work', copy]);
  await lab.must('buildah', ['copy', 'work', join(work, 'tree/etc/hello'), '/second']);
  await lab.must('buildah', ['commit', 'work', `oci:${join(work, 'layout')}:two`]);
  await lab.must('umoci', ['unpack', '--image', `${join(work, 'layout')}:two`, join(work, 'bundle')]);
  assert.equal(await readFile(join(work, 'bundle/rootfs/second'), 'utf8'), 'hello\n');
});

test('nginx serves TLS and wrk counts requests', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const port = await freePort();
  await lab.must('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
    ...[
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost',
      '-keyout',
      '/etc/key.pem',
      '-out',
      '/etc/cert.pem',
    ],
  ]);
  const config = `daemon off; pid /run/nginx.pid; error_log stderr; events {}
    http { access_log off; server { listen 127.0.0.1:${port} ssl; ssl_certificate /etc/cert.pem;
    ssl_certificate_key /etc/key.pem; location / { return 200 "hello"; } } }`;
  await writeFile(join(lab.state, 'etc/nginx/lab.conf'), config);
  await lab.start('nginx', ['-c', '/etc/nginx/lab.conf'], { ready: () => isListening(port) });
  const got = await lab.must('curl', ['--silent', '--cacert', '/etc/cert.pem', `https://localhost:${port}/`]);
  assert.equal(got, 'hello');
  const counted = await lab.must('wrk', ['-t1', '-c2', '-d1s', `https://127.0.0.1:${port}/`]);
  assert.match(counted, /Requests\/sec:/);
});
