import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { enterJail, enterMountNamespace, preciseStat, readMounts, warmThreadPool } from './index.ts';
import type { JailQuestion, JailStart } from './jail.child.ts';
import { scratchFolder, skipUnlessRoot } from './scratch.fixture.ts';

type Answer = { readonly result: unknown } | { readonly error: { code?: string; message: string } };

interface Jailed {
  /** How entering went. */
  readonly entered: Answer;
  /** The text, or the code of the error. */
  ask(ask: JailQuestion['ask'], path?: string): Promise<unknown>;
}

/** A worker in a jail, ended with the test. */
async function jailWorker(t: TestContext, start: JailStart): Promise<Jailed> {
  const worker = new Worker(new URL('./jail.child.ts', import.meta.url), { workerData: start });
  const exit = once(worker, 'exit');
  const next = async () => {
    const [answer] = (await once(worker, 'message')) as [Answer];
    return answer;
  };
  const ask: Jailed['ask'] = async (question, path = '') => {
    const reply = next();
    worker.postMessage({ ask: question, path });
    const answer = await reply;
    return 'result' in answer ? answer.result : answer.error.code;
  };
  const entered = await next();
  t.after(async () => {
    if ('result' in entered) await ask('end');
    assert.deepEqual(await exit, [0]);
  });
  return { entered, ask };
}

/** A layer with `etc/passwd` of its own, and beside it, outside, a secret. */
function makeLayer(t: TestContext): { root: string; outside: string } {
  const folder = scratchFolder(t);
  const root = join(folder, 'layer');
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(join(root, 'etc/inside'), 'inside');
  writeFileSync(join(folder, 'secret'), 'outside');
  return { root, outside: join(folder, 'secret') };
}

const NEEDS = 'it changes the root of a thread';

test('a jailed worker finds nothing outside: absolute links, dots, links of links', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const { root, outside } = makeLayer(t);
  const up = '../'.repeat(30);
  symlinkSync('/etc/passwd', join(root, 'absolute'));
  symlinkSync(`${up}etc/passwd`, join(root, 'dots'));
  symlinkSync('/', join(root, 'top'));
  symlinkSync(outside, join(root, 'secret'));
  await warmThreadPool();
  const { entered, ask } = await jailWorker(t, { root });
  assert.deepEqual(entered, { result: 'jailed' });
  assert.equal(await ask('list', '/'), 'absolute dots etc secret top');
  assert.equal(await ask('read', '/etc/inside'), 'inside');
  for (const path of ['/absolute', '/dots', '/secret', '/top/etc/passwd', `/top/${up}etc/passwd`, outside]) {
    assert.equal(await ask('read', path), 'ENOENT', path);
  }
  for (const path of [`/${up}etc/inside`, `${up}etc/inside`, '/top/top/etc/inside', './etc/inside']) {
    assert.equal(await ask('read', path), 'inside', path);
  }
});

test('a jailed worker may use the calls of this package, and makes files with exact modes', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const { root, outside } = makeLayer(t);
  symlinkSync('/etc/inside', join(root, 'link'));
  symlinkSync(outside, join(root, 'out'));
  await warmThreadPool();
  const mask = process.umask(0o077);
  t.after(() => process.umask(mask));
  const { ask } = await jailWorker(t, { root });
  assert.equal(await ask('touch', '/etc/inside'), 'touched');
  assert.equal(preciseStat(join(root, 'etc/inside')).mtimeNs, 1n);
  assert.equal(await ask('openInRoot', '/link'), 'inside');
  assert.equal(await ask('openInRoot', '/out'), 'ENOENT');
  assert.equal(await ask('create', '/new'), '777');
  // The umask of everybody else is what it was.
  writeFileSync(join(root, 'other'), '', { mode: 0o777 });
  assert.equal(statSync(join(root, 'other')).mode & 0o777, 0o700);
});

test('with a warm pool the main thread sees the machine while workers are jailed, sync and async', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const { root, outside } = makeLayer(t);
  await warmThreadPool();
  const workers = await Promise.all([1, 2, 3, 4].map(() => jailWorker(t, { root })));
  for (const { ask } of workers) assert.equal(await ask('read', outside), 'ENOENT');
  const reads = await Promise.all(Array.from({ length: 32 }, () => readFile(outside, 'utf8')));
  assert.deepEqual(new Set(reads), new Set(['outside']));
  assert.equal(readFileSync(outside, 'utf8'), 'outside');
});

test('trap: async fs of a jailed worker is not in the jail', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const { root, outside } = makeLayer(t);
  await warmThreadPool();
  const { ask } = await jailWorker(t, { root });
  assert.equal(await ask('read', outside), 'ENOENT');
  assert.equal(await ask('readAsync', outside), 'outside');
});

test('trap: without chdir dots lead out', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const { root, outside } = makeLayer(t);
  await warmThreadPool();
  const { ask } = await jailWorker(t, { rootWithoutChdir: root });
  assert.equal(await ask('read', outside), 'ENOENT');
  // No dot too many: from a chroot of the whole process they would lead out of that, too.
  assert.equal(await ask('read', relative(process.cwd(), outside)), 'outside');
});

test('trap: with a cold pool the main thread would be in the jail; enterJail() refuses', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const { root } = makeLayer(t);
  const child = new URL('./jail-cold.child.ts', import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, [child.pathname, root]);
  const { cold, refused, warm } = JSON.parse(stdout);
  assert.equal(cold, 'inside', 'the main thread reads the layer');
  assert.match(refused, /^JAIL_REFUSED: .*the thread pool may be cold/);
  assert.equal(warm, 'inside', 'too late: the threads are born');
});

test('enterJail() refuses the main thread, a second jail, and what is no folder', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const { root } = makeLayer(t);
  await warmThreadPool();
  assert.throws(() => enterJail(root), { code: 'JAIL_REFUSED', message: /main thread/ });
  assert.throws(() => enterMountNamespace(process.pid), { code: 'JAIL_REFUSED', message: /main thread/ });
  const { ask } = await jailWorker(t, { root });
  assert.equal(await ask('enterAgain'), 'JAIL_REFUSED');
  for (const [path, code] of [
    ['nowhere', 'ENOENT'],
    ['etc/inside', 'ENOTDIR'],
    ['a\0b', 'EINVAL'],
  ]) {
    const { entered } = await jailWorker(t, { root: join(root, path ?? '') });
    assert.equal('error' in entered && entered.error.code, code);
  }
});

/** A process in a mount namespace of its own, with a root of its own, `proc` of the machine's pids in it. */
async function startContained(t: TestContext, root: string): Promise<ChildProcess> {
  for (const name of ['proc', 'bin', 'lib', 'lib64', 'usr', 'volume'])
    mkdirSync(join(root, name), { recursive: true });
  const script = `
    set -e
    mount --bind '${root}' '${root}'
    for folder in bin lib lib64 usr; do
      if [ -e /$folder ]; then mount --rbind /$folder '${root}'/$folder; fi
    done
    mount -t proc proc '${root}/proc'
    mount -t tmpfs tmpfs '${root}/volume'
    echo volume > '${root}/volume/file'
    exec chroot '${root}' /bin/sh -c 'echo ready; exec sleep 60'`;
  const child = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
    rmSync(root, { recursive: true, force: true });
  });
  const [first] = await once(child.stdout, 'data');
  assert.equal(String(first), 'ready\n');
  return child;
}

test('enterMountNamespace() sees what the process has mounted, from its root, and no proc', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  const { root, outside } = makeLayer(t);
  symlinkSync('/proc/self/root', join(root, 'escape'));
  symlinkSync('/proc/1/root', join(root, 'escape-init'));
  const { pid = 0 } = await startContained(t, root);
  assert.equal(statSync(`/proc/${pid}/root/proc/self/root${outside}`).isFile(), true, 'the way out is there');
  await warmThreadPool();
  const { entered, ask } = await jailWorker(t, { mountsOf: pid });
  assert.deepEqual(entered, { result: 'jailed' });
  assert.equal(await ask('read', '/etc/inside'), 'inside');
  assert.equal(await ask('read', '/volume/file'), 'volume\n');
  assert.equal(await ask('list', '/proc'), '');
  for (const path of [outside, `/escape${outside}`, `/escape-init${outside}`, `/proc/self/root${outside}`]) {
    assert.equal(await ask('read', path), 'ENOENT', path);
  }
  // What covers proc is in the copy alone.
  const mounts = readMounts({ pid }).filter(({ mountPoint }) => mountPoint === '/proc');
  assert.deepEqual(
    mounts.map(({ fsType }) => fsType),
    ['proc'],
  );
  assert.equal(await ask('create', '/volume/new'), '777');
  assert.equal(statSync(`/proc/${pid}/root/volume/new`).isFile(), true);
});

test('enterMountNamespace() names a process that is gone', async (t) => {
  if (skipUnlessRoot(t, NEEDS)) return;
  await warmThreadPool();
  const { entered } = await jailWorker(t, { mountsOf: 2 ** 22 + 1 });
  assert.equal('error' in entered && entered.error.code, 'ENOENT');
});
