import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startHub } from '../lab/hub.ts';
import { watchForLeaks } from '../lab/leaks.ts';
import { createNamespaces, writeHosts } from '../lab/netns.ts';
import { openPeers } from '../lab/peers.ts';
import { assertOneDigest, roundTrip, trustAuthority } from './round-trip.ts';

const NAME = 'hub.example.test';

test('podman pushes, skopeo copies and dockerd pulls a Debian over plain loopback', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  await using hub = await startHub();
  const seen = await roundTrip(lab, { host: hub.host, account: hub, isPlain: true });
  assertOneDigest(seen);
  const asDocker = await roundTrip(lab, { host: hub.host, account: hub, isPlain: true, format: 'v2s2' });
  assertOneDigest(asDocker, { isConverted: true });
  t.diagnostic(`every client says ${seen.podmanPushed}`);
  const checked = await hub.check();
  assert.equal(checked.code, 0, checked.output);
});

test('the same from a second network namespace over TLS by host name, with no insecure flag', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const assertNoLeaks = await watchForLeaks();
  {
    await using net = await createNamespaces(lab);
    await writeHosts(lab, { [NAME]: net.near.address });
    const host = `${NAME}:5000`;
    await using hub = await startHub({
      netns: net.near,
      env: { BERTH_TLS: 'auto', BERTH_HUB_URL: `https://${host}` },
    });
    assert.ok(hub.report.authorityPath !== null);
    await trustAuthority(lab, { host, pem: await readFile(hub.report.authorityPath, 'utf8') });
    const seen = await roundTrip(lab, { host, account: hub, netns: net.far.pid });
    assertOneDigest(seen);
    await lab[Symbol.asyncDispose]();
  }
  await assertNoLeaks();
});

test('the same behind a TLS proxy, under a name that only the proxy knows', async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  const assertNoLeaks = await watchForLeaks();
  {
    await using net = await createNamespaces(lab);
    await writeHosts(lab, { [NAME]: net.near.address });
    await using hub = await startHub({
      netns: net.near,
      env: { BERTH_HUB_ADDR: '127.0.0.1:5000', BERTH_TRUSTED_PROXIES: '127.0.0.1' },
    });
    await lab.must('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
      ...['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`],
      ...['-keyout', '/etc/key.pem', '-out', '/etc/cert.pem'],
    ]);
    await writeFile(
      join(lab.state, 'etc/nginx/proxy.conf'),
      `daemon off; pid /run/nginx.pid; error_log stderr; events {}
      http { access_log off; client_max_body_size 0; client_body_temp_path /run/nginx-body;
        server { listen ${net.near.address}:443 ssl; server_name ${NAME};
          ssl_certificate /etc/cert.pem; ssl_certificate_key /etc/key.pem;
          location / { proxy_pass http://127.0.0.1:5000; proxy_request_buffering off; proxy_buffering off;
            proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-For $remote_addr; } } }`,
    );
    await lab.start('nginx', ['-c', '/etc/nginx/proxy.conf'], {
      netns: net.near.pid,
      ready: async () =>
        (await lab.run('curl', ['-sk', `https://${NAME}/v2/`], { netns: net.near.pid })).code === 0,
    });
    await trustAuthority(lab, { host: NAME, pem: await readFile(join(lab.state, 'etc/cert.pem'), 'utf8') });
    const seen = await roundTrip(lab, { host: NAME, account: hub, netns: net.far.pid });
    assertOneDigest(seen);
    await lab[Symbol.asyncDispose]();
  }
  await assertNoLeaks();
});
