import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { listenOnUnixSocket } from './unix-socket.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-socket-'));
});
after(() => rm(folder, { recursive: true, force: true }));

/** A failed assertion must not leave a server that keeps the process alive. */
const opened = new Set<Server>();
after(() => opened.forEach((server) => void server.close()));

async function listening(path: string, options: { group?: string; mode?: number } = {}) {
  const server = createServer((socket) => socket.on('error', () => {}).end('hello'));
  opened.add(server);
  const remove = await listenOnUnixSocket(server, { path, ...options });
  return { server, remove };
}

async function close({ server, remove }: { server: Server; remove: () => Promise<void> }): Promise<void> {
  await remove();
  await new Promise((done) => server.close(done));
}

/** What a killed engine leaves: a file with nobody behind it. */
async function leaveStale(path: string): Promise<void> {
  const script = `require('node:net').createServer().listen(process.argv[2], () => process.send('up'))`;
  await writeFile(join(folder, 'stale.cjs'), script);
  const child = fork(join(folder, 'stale.cjs'), [path], { execArgv: [] });
  await once(child, 'message');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok((await lstat(path)).isSocket());
}

async function ask(path: string): Promise<string> {
  const socket = connect(path);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe('listenOnUnixSocket()', () => {
  it('makes a file for root alone, also under an open umask, and leaves nothing else', async () => {
    const path = join(folder, 'a/b/engine.sock');
    const mask = process.umask(0);
    try {
      const opened = await listening(path);
      assert.equal(process.umask(0), 0);
      assert.equal((await lstat(path)).mode & 0o777, 0o600);
      assert.deepEqual(await readdir(join(folder, 'a/b')), ['engine.sock']);
      assert.equal(await ask(path), 'hello');
      await close(opened);
      assert.deepEqual(await readdir(join(folder, 'a/b')), []);
    } finally {
      process.umask(mask);
    }
  });

  it('gives it to a group by setting, and refuses one that is not there', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('needs root to give a file to a group');
    const path = join(folder, 'group.sock');
    const opened = await listening(path, { group: 'daemon' });
    const stat = await lstat(path);
    assert.deepEqual([stat.mode & 0o777, stat.gid], [0o660, 1]);
    await close(opened);
    await assert.rejects(listening(path, { group: 'no-such-group' }), { code: 'SOCKET_UNUSABLE' });
  });

  it('replaces what a killed engine left', async () => {
    const path = join(folder, 'stale.sock');
    await leaveStale(path);
    const opened = await listening(path);
    assert.equal(await ask(path), 'hello');
    await close(opened);
  });

  it('never replaces one that answers, and names its process', async () => {
    const path = join(folder, 'taken.sock');
    const opened = await listening(path);
    await assert.rejects(listening(path), {
      code: 'SOCKET_TAKEN',
      message: new RegExp(`address in use by process ${process.pid} \\(`),
    });
    assert.equal(await ask(path), 'hello');
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('.')),
      [],
    );
    await close(opened);
  });

  it('never removes a file that is no socket', async () => {
    const path = join(folder, 'file');
    await writeFile(path, 'precious');
    await assert.rejects(listening(path), { code: 'SOCKET_TAKEN', message: /no socket/ });
    assert.ok((await lstat(path)).isFile());
  });

  it('lets one of two win over the same stale file', async () => {
    for (let round = 0; round < 10; round += 1) {
      const path = join(folder, `race${round}.sock`);
      await leaveStale(path);
      const results = await Promise.allSettled([listening(path), listening(path), listening(path)]);
      const won = results.filter((result) => result.status === 'fulfilled');
      assert.equal(won.length, 1);
      assert.equal(await ask(path), 'hello');
      for (const { value } of won) await close(value);
    }
  });

  it('does not take away the file of a successor', async () => {
    const path = join(folder, 'successor.sock');
    const first = await listening(path);
    await rm(path);
    const second = await listening(path);
    await close(first);
    assert.equal(await ask(path), 'hello');
    await close(second);
  });

  it('refuses a path that the kernel cannot hold', async () => {
    const long = join(folder, 'x'.repeat(100), 'engine.sock');
    await assert.rejects(listening(long), { code: 'SOCKET_UNUSABLE', hint: /107 bytes/ });
  });
});
