import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { listen } from '../listener/listener.ts';
import { createAuthority, createServerCertificate } from './authority.ts';
import { localCertificate } from './local-authority.ts';
import { openServerTls } from './server-tls.ts';
import { trustLines } from './trust-lines.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-tls-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const NAMES = ['hub.example', 'localhost', '127.0.0.1', '::1'];

describe('localCertificate()', () => {
  it('serves clients that trust the authority, under each of its names and no other', async () => {
    const pair = await localCertificate(folder, { names: NAMES, authorityPath: join(folder, 'public.crt') });
    const ca = await readFile(pair.authorityPath, 'utf8');
    await using listener = await listen({
      address: { host: '127.0.0.1', port: 0 },
      tls: pair,
      onRequest: (_req, res) => res.end('ok'),
    });
    const { port } = listener.address;
    for (const servername of ['hub.example', 'localhost']) {
      assert.equal(await status({ port, ca, servername }), 200);
    }
    await assert.rejects(status({ port, ca, servername: 'other.example' }), {
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    await assert.rejects(status({ port, servername: 'localhost' }), {
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
  });

  it('keeps the authority and a certificate that fits, and closes the keys to others', async () => {
    const first = await localCertificate(folder, { names: NAMES, authorityPath: join(folder, 'public.crt') });
    const second = await localCertificate(folder, {
      names: NAMES,
      authorityPath: join(folder, 'public.crt'),
    });
    assert.equal(second.cert, first.cert);
    for (const key of ['ca.key', 'server.key'])
      assert.equal((await stat(join(folder, key))).mode & 0o777, 0o600);
  });

  it('signs a new one for a new name, under the same authority', async () => {
    const first = await localCertificate(folder, { names: NAMES, authorityPath: join(folder, 'public.crt') });
    const ca = await readFile(join(folder, 'ca.crt'), 'utf8');
    const second = await localCertificate(folder, {
      names: [...NAMES, 'new.example'],
      authorityPath: join(folder, 'public.crt'),
    });
    assert.notEqual(second.cert, first.cert);
    assert.equal(await readFile(join(folder, 'ca.crt'), 'utf8'), ca);
    assert.equal(new X509Certificate(second.cert).checkHost('new.example'), 'new.example');
  });

  it('mends a pair that a crash left half replaced', async () => {
    await localCertificate(folder, { names: NAMES, authorityPath: join(folder, 'public.crt') });
    const other = createServerCertificate(createAuthority('other'), NAMES);
    await writeFile(join(folder, 'server.key'), other.key);
    const mended = await localCertificate(folder, {
      names: NAMES,
      authorityPath: join(folder, 'public.crt'),
    });
    assert.equal(await readFile(join(folder, 'server.crt'), 'utf8'), mended.cert);
    assert.equal(
      new X509Certificate(mended.cert).verify(
        new X509Certificate(await readFile(join(folder, 'ca.crt'))).publicKey,
      ),
      true,
    );
  });
});

describe('openServerTls()', () => {
  it('shows a new certificate when the files change, and keeps the old one while they do not fit', async () => {
    const authority = createAuthority('test');
    const certPath = join(folder, 'a.crt');
    const keyPath = join(folder, 'a.key');
    const write = async ({ cert, key }: { cert: string; key: string }) => {
      await writeFile(certPath, cert);
      await writeFile(keyPath, key);
    };
    await write(createServerCertificate(authority, ['one.example']));
    const address = { host: '127.0.0.1', port: 0 };
    const tls = await openServerTls({
      config: { mode: 'files', certPath, keyPath },
      folder,
      authorityPath: join(folder, 'public.crt'),
      address,
    });
    assert.ok(tls);
    await using listener = await listen({ address, tls: tls.initial, onRequest: (_req, res) => res.end() });
    const seen = Promise.withResolvers<unknown>();
    const failed = Promise.withResolvers<unknown>();
    using _watch = tls.watch({
      onPair: (pair) => {
        listener.setCertificate(pair);
        seen.resolve(pair);
      },
      onError: failed.resolve,
    });
    const { port } = listener.address;
    assert.equal(await status({ port, ca: authority.cert, servername: 'one.example' }), 200);
    await writeFile(keyPath, createServerCertificate(authority, ['bad.example']).key);
    assert.equal(((await failed.promise) as { code: string }).code, 'TLS_FILES_INVALID');
    assert.equal(await status({ port, ca: authority.cert, servername: 'one.example' }), 200);
    await write(createServerCertificate(authority, ['two.example']));
    await seen.promise;
    assert.equal(await status({ port, ca: authority.cert, servername: 'two.example' }), 200);
  });

  it('refuses files that are not there or do not belong together', async () => {
    const address = { host: '127.0.0.1', port: 0 };
    const config = {
      mode: 'files' as const,
      certPath: join(folder, 'no.crt'),
      keyPath: join(folder, 'no.key'),
    };
    await assert.rejects(
      openServerTls({ config, folder, authorityPath: join(folder, 'public.crt'), address }),
      {
        code: 'TLS_FILES_INVALID',
        message: /no\.(crt|key)/,
      },
    );
  });
});

describe('trustLines()', () => {
  it('names the folder of each client by host and port, and quotes what a shell would split', () => {
    const lines = trustLines({
      authorityPath: '/a b/ca.crt',
      url: 'https://hub.example:8443',
      isRoot: false,
    });
    assert.deepEqual(lines[0], {
      client: 'docker',
      command: "sudo install -D -m 644 '/a b/ca.crt' /etc/docker/certs.d/hub.example:8443/ca.crt",
    });
    assert.equal(
      lines
        .find(({ client }) => client === 'podman')
        ?.command.includes('/etc/containers/certs.d/hub.example:8443/ca.crt'),
      true,
    );
    assert.deepEqual(
      trustLines({ authorityPath: '/ca.crt', url: 'http://localhost:5000', isRoot: true }),
      [],
    );
  });
});

async function status(options: { port: number; servername: string; ca?: string }): Promise<number> {
  const req = request({ host: '127.0.0.1', path: '/', agent: false, ...options }).end();
  const [response] = await once(req, 'response');
  response.resume();
  return response.statusCode;
}
