import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { duplicateFd, openPidfd, signalPidfd, waitPidfd } from './index.ts';
import { scratchFolder, skipUnlessRoot } from './scratch.fixture.ts';

function start(t: TestContext, args: readonly string[]): { child: ChildProcess; pidfd: number } {
  const child = spawn('sleep', [...args]);
  const pidfd = openPidfd(child.pid ?? 0);
  t.after(async () => {
    closeSync(pidfd);
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
  return { child, pidfd };
}

test('waitPidfd() resolves when a process ends, and Node still learns how', async (t) => {
  const { child, pidfd } = start(t, ['0.1']);
  const exit = once(child, 'exit');
  await waitPidfd(pidfd);
  assert.deepEqual(await exit, [0, null]);
  await waitPidfd(pidfd);
});

test('waitPidfd() gives up with its signal, may be called again, and two pidfds may wait at once', async (t) => {
  const { child, pidfd } = start(t, ['60']);
  const second = openPidfd(child.pid ?? 0);
  t.after(() => closeSync(second));
  await assert.rejects(waitPidfd(pidfd, { signal: AbortSignal.abort(new Error('no')) }), /no/);
  const stop = new AbortController();
  const waiting = waitPidfd(pidfd, { signal: stop.signal });
  stop.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  const both = Promise.all([waitPidfd(pidfd), waitPidfd(second)]);
  signalPidfd(pidfd, 9);
  await both;
});

test('signalPidfd() reaches the process, and names one that is gone', async (t) => {
  const { child, pidfd } = start(t, ['60']);
  const exit = once(child, 'exit');
  signalPidfd(pidfd, 0);
  signalPidfd(pidfd, 15);
  assert.deepEqual(await exit, [null, 'SIGTERM']);
  assert.throws(() => signalPidfd(pidfd, 0), { code: 'ESRCH', class: 'notFound' });
  assert.throws(() => openPidfd(2 ** 22 + 1), { code: 'ESRCH' });
  assert.throws(() => openPidfd(-1), { code: 'EINVAL' });
});

test('duplicateFd() gives the same open file, close-on-exec', async (t) => {
  if (skipUnlessRoot(t, 'it takes a file from another process')) return;
  const path = join(scratchFolder(t), 'file');
  writeFileSync(path, 'abcdef');
  const shared = openSync(path, 'r');
  const child = spawn('sleep', ['60'], { stdio: [shared, 'ignore', 'ignore'] });
  closeSync(shared);
  const pidfd = openPidfd(child.pid ?? 0);
  t.after(async () => {
    closeSync(pidfd);
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const first = duplicateFd(pidfd, 0);
  const second = duplicateFd(pidfd, 0);
  const bytes = Buffer.alloc(2);
  const texts = [first, second].map((fd) => bytes.toString('utf8', 0, readSync(fd, bytes)));
  assert.deepEqual(texts, ['ab', 'cd'], 'one position for both');
  assert.match(readFileSync(`/proc/self/fdinfo/${first}`, 'utf8'), /flags:\s+02\d{6}/);
  closeSync(first);
  closeSync(second);
  assert.throws(() => duplicateFd(pidfd, 99), { code: 'EBADF' });
});
