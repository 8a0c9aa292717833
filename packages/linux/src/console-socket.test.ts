import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConsoleSocket, getWindowSize, openTerminal, setWindowSize } from './index.ts';
import { scratchFolder } from './scratch.fixture.ts';
import { connectTo, sendFds } from './send-fds.fixture.ts';

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

function listen(t: TestContext): ConsoleSocket {
  const socket = ConsoleSocket.listen(join(scratchFolder(t), 'console.sock'));
  t.after(() => socket[Symbol.asyncDispose]());
  return socket;
}

test('receive() gives the terminal that was sent: same terminal, non-blocking, close-on-exec', async (t) => {
  const socket = listen(t);
  assert.equal(statSync(socket.path).mode & 0o777, 0o600);
  const receiving = socket.receive();
  const sender = connectTo(socket.path);
  await sleep(20);
  const { master, slavePath } = openTerminal();
  setWindowSize(master, { columns: 77, rows: 7 });
  sendFds(sender, 'pty', [master]);
  closeSync(master);
  closeSync(sender);
  const received = await receiving;
  assert.deepEqual(getWindowSize(received), { columns: 77, rows: 7 });
  const flags = Number.parseInt(
    /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${received}`, 'utf8'))?.[1] ?? '',
    8,
  );
  assert.equal(flags & 0o2004000, 0o2004000);
  assert.throws(() => readSync(received, Buffer.alloc(10)), { code: 'EAGAIN' });
  const slave = openSync(slavePath, 'r+');
  writeSync(slave, 'hello');
  const bytes = Buffer.alloc(10);
  assert.equal(bytes.toString('utf8', 0, readSync(received, bytes)), 'hello');
  closeSync(slave);
  closeSync(received);
});

test('receive() takes one that was sent before it was asked, and several one after another', async (t) => {
  const socket = listen(t);
  for (const columns of [10, 20]) {
    const sender = connectTo(socket.path);
    const { master } = openTerminal();
    setWindowSize(master, { columns, rows: 1 });
    sendFds(sender, '', [master]);
    sendFds(sender, 'x', [master]);
    closeSync(master);
    const received = await socket.receive();
    assert.equal(getWindowSize(received).columns, columns);
    closeSync(received);
    closeSync(sender);
  }
});

test('receive() refuses what is no terminal, nothing at all, and more than one is closed', async (t) => {
  const socket = listen(t);
  const before = openFiles();
  const none = openSync('/dev/null', 'r');
  for (const [fds, code] of [
    [[none], 'ENOTTY'],
    [[], 'EPROTO'],
  ] as const) {
    const sender = connectTo(socket.path);
    sendFds(sender, 'x', fds);
    await assert.rejects(socket.receive(), { code });
    closeSync(sender);
  }
  closeSync(connectTo(socket.path));
  await assert.rejects(socket.receive(), { code: 'EPROTO', message: /sent no terminal/ });
  const { master } = openTerminal();
  const sender = connectTo(socket.path);
  sendFds(sender, 'x', [master, none, none, none]);
  closeSync(await socket.receive());
  for (const fd of [sender, master, none]) closeSync(fd);
  assert.equal(openFiles(), before);
});

test('receive() gives up in time, with its signal, and when the socket is closed; nothing stays open', async (t) => {
  const folder = scratchFolder(t);
  const before = openFiles();
  {
    await using socket = ConsoleSocket.listen(join(folder, 's'));
    await assert.rejects(socket.receive({ timeoutMs: 30 }), { code: 'ETIMEDOUT', class: 'unavailable' });
    const silent = connectTo(socket.path);
    await assert.rejects(socket.receive({ timeoutMs: 30 }), { code: 'ETIMEDOUT' });
    closeSync(silent);
    const reason = new Error('no longer wanted');
    await assert.rejects(socket.receive({ signal: AbortSignal.abort(reason) }), reason);
    const stop = new AbortController();
    const waiting = socket.receive({ signal: stop.signal });
    await sleep(5);
    stop.abort(reason);
    await assert.rejects(waiting, reason);
    const closed = assert.rejects(socket.receive(), { code: 'ECANCELED' });
    await sleep(5);
    await socket[Symbol.asyncDispose]();
    await closed;
    await assert.rejects(socket.receive(), { code: 'ECANCELED' });
  }
  assert.equal(existsSync(join(folder, 's')), false);
  assert.equal(openFiles(), before);
});

test('listen() takes a path longer than an address, and refuses one that is taken', async (t) => {
  const folder = scratchFolder(t);
  const deep = join(folder, 'd'.repeat(120));
  mkdirSync(deep);
  await using socket = ConsoleSocket.listen(join(deep, 'console.sock'));
  assert.ok(statSync(socket.path).isSocket());
  assert.throws(() => ConsoleSocket.listen(socket.path), { code: 'EADDRINUSE', class: 'conflict' });
  assert.throws(() => ConsoleSocket.listen(join(folder, 'nowhere/s')), { code: 'ENOENT' });
  assert.throws(() => ConsoleSocket.listen(join(folder, 'x'.repeat(120))), { code: 'ENAMETOOLONG' });
});
