import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPeers } from '../lab/peers.ts';
import { freePort } from '../lab/ready.ts';
import { type BareRoot, type Inside, makeBareRoot } from './bare-root.ts';
import { cloneTo } from './clone.ts';
import { differences, listFiles } from './file-list.ts';
import { isReady, makeFirstAccount, readFirstRun } from './first-run.ts';

const long = process.env.BERTH_SOAK === '1' ? false : 'takes long and downloads; npm run soak newcomer';
const ACCOUNT = { username: 'alice', password: 'a long password' };

test('npm start on a bare Debian: ready soon, again within moments, not as root from a closed folder', {
  skip: long,
}, async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  await using root = await makeBareRoot(lab);
  await cloneTo(join(root.folder, 'srv/berth'));
  const port = await freePort();
  // A chroot shares the machine's network: an engine would make its bridge there.
  const env = { BERTH_HUB_ADDR: `127.0.0.1:${port}`, BERTH_ENGINE: 'off' };

  const first = await startHub(root, { cwd: '/srv/berth', env });
  const { downloadSeconds } = readFirstRun(first.inside.output());
  const seconds = first.seconds - downloadSeconds;
  t.diagnostic(
    `first start: GET /v2/ answers after ${first.seconds.toFixed(1)} s, ${seconds.toFixed(1)} s without downloads`,
  );
  assert.ok(seconds < 90, `${seconds} s`);
  await stop(first.inside);

  const second = await startHub(root, { cwd: '/srv/berth', env });
  t.diagnostic(`second start: GET /v2/ answers after ${second.seconds.toFixed(2)} s`);
  await stop(second.inside);

  await mkdir(join(root.folder, 'root/closed'), { mode: 0o700 });
  await cloneTo(join(root.folder, 'root/closed/berth'));
  const closed = { cwd: '/root/closed/berth', env: { ...env, BERTH_DATA_ROOT: '/var/lib/other' } };
  const third = await startHub(root, closed);
  const uids = await hubUids(third.inside);
  t.diagnostic(`the Hub of a clone in a closed folder runs as uid ${uids}`);
  assert.ok(uids.length > 0 && uids.every((uid) => uid !== 0), `${uids}`);
  const run = readFirstRun(third.inside.output());
  await makeFirstAccount(run, ACCOUNT);
  for (const line of run.pasteLines) {
    const pasted = root.start(`printf 'alice\\na long password\\n' | ${line}`, closed);
    assert.equal(await pasted.ended, 0, `${line}\n${pasted.output()}`);
  }
  const page = await fetch(`${run.url}/r/library/first`);
  assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
  await stop(third.inside);
});

test('npm test on a bare Debian: green, and nothing changes but clone and caches', {
  skip: long,
}, async (t) => {
  const lab = await openPeers(t);
  if (lab === undefined) return;
  await using root = await makeBareRoot(lab);
  await cloneTo(join(root.folder, 'srv/berth'));
  // The clone, and the caches of npm, of Berth, and of npm's own compiled code when Node 24 runs it.
  const outside = [
    ...['srv/berth', 'root/.npm', 'root/.cache', 'tmp/node-compile-cache'],
    // Not of a disk; mount(8) makes its folder below /run at its first use.
    ...['proc', 'sys', 'dev', 'run/mount'],
  ];
  const before = await listFiles(root.folder, outside);
  const tests = root.start('npm test', { cwd: '/srv/berth' });
  const code = await tests.ended;
  const output = tests.output();
  t.diagnostic(output.trimEnd().split('\n').at(-1) ?? '');
  const changed = differences(before, await listFiles(root.folder, outside));
  t.diagnostic(
    `changed outside the clone and the caches: ${changed.length === 0 ? 'nothing' : changed.join(', ')}`,
  );
  assert.equal(code, 0, output.slice(-20_000));
  assert.deepEqual(changed, []);
});

interface Where {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Starts `npm start` and waits until it answers and has said all it has to say. */
async function startHub(root: BareRoot, where: Where): Promise<{ inside: Inside; seconds: number }> {
  const begin = performance.now();
  const inside = root.start('npm start', where);
  let ended: number | string | undefined;
  void inside.ended.then((code) => {
    ended = code;
  });
  while ((await answer(`http://${where.env.BERTH_HUB_ADDR}/v2/`)) !== 401) {
    if (ended !== undefined) throw new Error(`npm start ended with ${ended}:\n${inside.output()}`);
    await sleep(20);
  }
  const seconds = (performance.now() - begin) / 1000;
  while (!isReady(inside.output())) await sleep(20);
  return { inside, seconds };
}

async function answer(url: string): Promise<number | undefined> {
  try {
    return (await fetch(url)).status;
  } catch {
    return undefined;
  }
}

/** Ctrl-C: the Hub says that it stopped, and nothing goes on. npm's own shell is ended by the signal too, so 130 is fine. */
async function stop(inside: Inside): Promise<void> {
  await inside.interrupt();
  assert.ok([0, 130].includes(Number(await inside.ended)), inside.output());
  assert.match(inside.output(), /^Stopped$/m);
  assert.deepEqual(await inside.pids(), []);
}

/** User ids of the processes that call themselves the Hub. */
async function hubUids(inside: Inside): Promise<number[]> {
  const uids: number[] = [];
  for (const pid of await inside.pids()) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    if (/^Name:\tberth-hub$/m.test(status)) uids.push(Number(/^Uid:\t(\d+)/m.exec(status)?.[1]));
  }
  return uids;
}
