import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const BERTH = fileURLToPath(new URL('../../bin/berth.mjs', import.meta.url));
const isRoot = process.getuid?.() === 0;

describe('berth up', () => {
  let root: string;
  let port: number;
  let env: NodeJS.ProcessEnv;
  const running: ChildProcess[] = [];

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'berth-up-'));
    await chmod(root, 0o711);
    port = await freePort();
    const { PATH, HOME } = process.env;
    env = {
      PATH,
      HOME,
      LANG: 'C',
      BERTH_DATA_ROOT: join(root, 'data'),
      BERTH_HUB_ADDR: `127.0.0.1:${port}`,
      BERTH_ENGINE: 'off',
    };
  });
  // A test that failed leaves its Hub; the next begins without one.
  afterEach(async () => {
    for (const child of running.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'close');
    }
  });
  after(async () => {
    await rm(root, { recursive: true, force: true });
  });

  it('prints where the Hub is, makes the first account once, says so the second time, and ends cleanly', async () => {
    const first = await start();
    for (const word of ['Data folder', 'Databases', 'Pages', 'Listening', 'First image'])
      assert.ok(first.text().includes(word), word);
    const ping = await fetch(`http://localhost:${port}/v2/`);
    assert.equal(ping.status, 401);
    assert.match(
      ping.headers.get('www-authenticate') ?? '',
      new RegExp(`realm="http://localhost:${port}/auth/token"`),
    );

    const link = new URL(/First account +(\S+)/.exec(first.text())?.[1] ?? '');
    assert.equal(link.pathname, '/setup');
    assert.equal((await fetch(link)).status, 200);
    const account = {
      code: link.searchParams.get('code') ?? '',
      username: 'alice',
      password: 'a long password',
    };
    assert.equal((await post('/setup', account)).status, 200);
    assert.equal((await post('/setup', { ...account, username: 'mallory' })).status, 403);

    const second = await berth(['up']);
    assert.equal(
      second.stdout,
      `Berth is already running: http://localhost:${port} (process ${await hubPid()})\n`,
    );
    const chinese = await berth(['up'], { LANG: 'zh_CN.UTF-8' });
    assert.match(chinese.stdout, /^Berth 已经在运行：http/);

    await stop(first.child);
    assert.match(first.text(), /Stopped\n$/);
    await assert.rejects(fetch(`http://localhost:${port}/v2/`));

    const again = await start();
    assert.ok(!again.text().includes('/setup?code='));
    await stop(again.child);
  });

  it('prints lines to paste that work as they are', async () => {
    const { child, text } = await start({ BERTH_DATA_ROOT: join(root, 'fresh') });
    const lines = text()
      .split('\n')
      .flatMap((line) => (line.startsWith('    npx berth ') ? [line.trim()] : []));
    assert.equal(lines.length, 4, text());
    const code = new URL(/First account +(\S+)/.exec(text())?.[1] ?? '').searchParams.get('code') ?? '';
    assert.equal(
      (await post('/setup', { code, username: 'alice', password: 'a long password' })).status,
      200,
    );
    // A folder in which npx finds what it finds in the clone, and nothing of the clone is written to.
    const folder = join(root, 'paste');
    await mkdir(folder);
    await symlink(
      fileURLToPath(new URL('../../../../node_modules', import.meta.url)),
      join(folder, 'node_modules'),
    );
    await writeFile(join(folder, 'package.json'), '{}');
    for (const line of lines) await paste(line, { folder, input: 'alice\na long password\n' });
    assert.match(await paste(`npx berth tags localhost:${port}/library/first`, { folder }), /^latest$/m);
    assert.ok((await readFile(join(folder, 'hello/index.json'), 'utf8')).includes('sha256:'));
    await stop(child);
  });

  it('starts a Hub that was killed again, and does not outlive itself', async () => {
    const { child, text } = await start();
    const pid = await hubPid();
    process.kill(pid, 'SIGKILL');
    await until(() => text().includes('starting it again') && text().match(/Your Hub/g)?.length === 2);
    const next = await hubPid();
    assert.notEqual(next, pid);
    child.kill('SIGKILL');
    await until(() => !isAlive(next));
  });

  it('leaves root before the first request, in every thread', {
    skip: isRoot ? false : 'needs root',
  }, async () => {
    const { child } = await start();
    const pid = await hubPid();
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    assert.match(status, /^Uid:\t61947\t61947\t61947\t61947$/m);
    assert.match(status, /^Gid:\t61947\t61947\t61947\t61947$/m);
    assert.match(status, /^Groups:\s*$/m);
    assert.match(status, /^CapEff:\t0+$/m);
    await stop(child);
  });

  it('says which process has the port, and changes nothing', async () => {
    const holder = createServer().listen(port, '127.0.0.1');
    await once(holder, 'listening');
    const elsewhere = join(root, 'elsewhere');
    try {
      const failed = await berth(['up'], { BERTH_DATA_ROOT: elsewhere });
      assert.equal(failed.code, 1);
      assert.match(
        failed.stderr,
        new RegExp(`^berth: Cannot listen on "127.0.0.1:${port}": process ${process.pid} \\(node\\)`, 'm'),
      );
      assert.match(failed.stderr, /BERTH_HUB_ADDR/);
      await assert.rejects(readFile(elsewhere), { code: 'ENOENT' });
    } finally {
      holder.close();
    }
  });

  it('refuses an address beyond loopback without TLS', async () => {
    const failed = await berth(['up'], { BERTH_HUB_ADDR: `0.0.0.0:${port}` });
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /BERTH_TLS=auto/);
  });

  it('serves by a certificate of its own authority with BERTH_TLS=auto', async () => {
    const { child, text } = await start({
      BERTH_TLS: 'auto',
      BERTH_HUB_ADDR: `0.0.0.0:${port}`,
      BERTH_HUB_URL: `https://localhost:${port}`,
    });
    const ca = join(root, 'data/ca.crt');
    assert.ok(text().includes(`curl --cacert ${ca} https://localhost:${port}/v2/`), text());
    const { stdout } = await berth(['tags', `localhost:${port}/library/hello`], { BERTH_REGISTRY_CA: ca });
    assert.match(stdout, /latest/);
    await stop(child);
  });

  async function start(more: NodeJS.ProcessEnv = {}) {
    const child = spawn(process.execPath, [BERTH, 'up'], {
      env: { ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.push(child);
    let said = '';
    const exit = once(child, 'exit').then(() => {
      throw new Error(`berth up ended:\n${said}`);
    });
    exit.catch(() => undefined);
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    const text = () => said;
    await Promise.race([until(() => /Ctrl-C/.test(said)), exit]);
    return { child, text };
  }

  async function stop(child: ChildProcess): Promise<void> {
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
  }

  async function berth(args: readonly string[], more: NodeJS.ProcessEnv = {}) {
    try {
      const result = await promisify(execFile)(process.execPath, [BERTH, ...args], {
        env: { ...env, ...more },
      });
      return { ...result, code: 0 };
    } catch (error) {
      return error as { stdout: string; stderr: string; code: number };
    }
  }

  /** As a shell runs what a person pastes. */
  async function paste(
    line: string,
    { folder, input = '' }: { folder: string; input?: string },
  ): Promise<string> {
    const shell = spawn('sh', ['-c', line], {
      cwd: folder,
      env: { ...env, DOCKER_CONFIG: join(root, 'docker'), REGISTRY_AUTH_FILE: join(root, 'auth.json') },
    });
    let said = '';
    for (const stream of [shell.stdout, shell.stderr]) {
      stream.on('data', (chunk) => {
        said += chunk;
      });
    }
    shell.stdin.end(input);
    assert.deepEqual(await once(shell, 'close'), [0, null], `${line}\n${said}`);
    return said;
  }

  function post(path: string, fields: Record<string, string>): Promise<Response> {
    const origin = `http://localhost:${port}`;
    return fetch(origin + path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin, accept: 'application/json' },
    });
  }

  async function hubPid(): Promise<number> {
    return JSON.parse(await readFile(join(root, 'data/hub/running.json'), 'utf8')).pid;
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (isTrue()) return;
    await sleep(50);
  }
  throw new Error('It did not become true within 30 s');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
