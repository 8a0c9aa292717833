import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const BERTH = fileURLToPath(new URL('../../bin/berth.mjs', import.meta.url));

describe('berth hub', () => {
  let root: string;
  let dataRoot: string;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'berth-hub-'));
    await chmod(root, 0o711);
    dataRoot = join(root, 'data');
  });
  after(() => rm(root, { recursive: true, force: true }));

  it('reports on one JSON line, makes the administrator of the settings, and logs every request', async () => {
    await using hub = await startHub({ BERTH_ADMIN_USER: 'admin', BERTH_ADMIN_PASSWORD: 'a long password' });
    assert.equal(hub.report.setupLink, null);
    const basic = `Basic ${Buffer.from('admin:a long password').toString('base64')}`;
    const ping = await get(hub.port, { path: '/v2/', headers: { authorization: basic } });
    assert.equal(ping.status, 200);
    const page = await get(hub.port, { path: '/?secret=no' });
    const log = await until(async () => {
      const lines = (await readFile(join(dataRoot, 'hub/logs/access.log'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      return lines.some(({ path }) => path === '/?secret=no') ? lines : undefined;
    });
    assert.equal(log.find(({ path, status }) => path === '/v2/' && status === 200)?.subject, 'admin');
    assert.equal(log.find(({ path }) => path === '/?secret=no')?.bytesOut, page.body.length);
  });

  it('answers for its own names only', async () => {
    await using hub = await startHub();
    for (const path of ['/v2/', '/', '/api/session']) {
      assert.equal((await get(hub.port, { path, headers: { host: 'evil.example' } })).status, 421, path);
      assert.notEqual((await get(hub.port, { path, headers: { host: '127.0.0.1:80' } })).status, 421, path);
    }
    assert.equal((await get(hub.port, { path: '/healthz', headers: { host: 'probe' } })).status, 200);
  });

  it('builds its addresses from a trusted proxy, and from nobody else', async () => {
    const headers = {
      host: 'localhost',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'hub.example',
      'x-forwarded-for': '192.0.2.9',
    };
    {
      await using hub = await startHub();
      assert.equal(realmOf(await get(hub.port, { path: '/v2/', headers })), 'http://localhost/auth/token');
    }
    await using hub = await startHub({ BERTH_TRUSTED_PROXIES: '127.0.0.0/8' });
    assert.equal(realmOf(await get(hub.port, { path: '/v2/', headers })), 'https://hub.example/auth/token');
    assert.equal(
      realmOf(await get(hub.port, { path: '/v2/', headers: { host: 'localhost:1' } })),
      'http://localhost:1/auth/token',
    );
  });

  it('is called what BERTH_HUB_URL says, whatever the request says', async () => {
    await using hub = await startHub({ BERTH_HUB_URL: 'https://hub.example' });
    assert.equal(hub.report.url, 'https://hub.example');
    for (const host of ['hub.example', 'localhost']) {
      assert.equal(
        realmOf(await get(hub.port, { path: '/v2/', headers: { host } })),
        'https://hub.example/auth/token',
      );
    }
  });

  it('gives pages headers that keep strangers out', async () => {
    await using hub = await startHub();
    const { headers } = await get(hub.port, { path: '/' });
    assert.match(headers['content-security-policy'] as string, /frame-ancestors 'none'/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    const etag = String(headers.etag);
    assert.equal((await get(hub.port, { path: '/', headers: { 'if-none-match': etag } })).status, 304);
    assert.equal((await get(hub.port, { path: '//' })).status, 200);
  });

  it('refuses the data folder of a newer Berth', async () => {
    await (await startHub())[Symbol.asyncDispose]();
    const format = join(dataRoot, 'hub/format');
    await writeFile(format, '99\n');
    await assert.rejects(startHub(), /it has format \\?"99\\?", this Berth knows up to/);
    await writeFile(format, '1\n');
  });

  it('refuses a second Hub on the same data folder, naming the first', async () => {
    await using hub = await startHub();
    await assert.rejects(startHub(), new RegExp(`process ${hub.report.pid}, http://localhost:${hub.port}`));
  });

  interface Report {
    readonly pid: number;
    readonly url: string;
    readonly localUrl: string;
    readonly setupLink: string | null;
  }

  async function startHub(more: NodeJS.ProcessEnv = {}) {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, BERTH_DATA_ROOT: dataRoot, BERTH_HUB_ADDR: '127.0.0.1:0', ...more };
    const child = spawn(process.execPath, [BERTH, 'hub', '--format', 'json'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'close');
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        said += chunk;
      });
    }
    let isGone = false;
    void ended.then(() => {
      isGone = true;
    });
    const line = await until(async () => (isGone ? 'gone' : /^\{"version.*\n/m.exec(said)?.[0]));
    if (line === 'gone') throw new Error(said);
    const report = JSON.parse(line) as Report;
    return {
      report,
      port: Number(new URL(report.localUrl).port),
      async [Symbol.asyncDispose]() {
        child.kill('SIGTERM');
        assert.deepEqual(await ended, [0, null], said);
      },
    };
  }
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function get(port: number, options: RequestOptions): Promise<Answer> {
  const req = request({ host: '127.0.0.1', port, agent: false, ...options }).end();
  const [response] = await once(req, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

function realmOf({ headers }: Answer): string | undefined {
  return /realm="([^"]*)"/.exec(headers['www-authenticate'] ?? '')?.[1];
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const found = await look();
    if (found !== undefined && found !== null) return found;
    await sleep(50);
  }
  throw new Error('It did not happen within 30 s');
}
