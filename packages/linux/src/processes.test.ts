import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { waitPid } from './index.ts';

const CHILD = fileURLToPath(new URL('./processes.child.ts', import.meta.url));

async function inChild(what: string): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, what]);
  return JSON.parse(stdout);
}

test('a subreaper gets orphans, and waitPid() how they ended', async () => {
  assert.deepEqual(await inChild('orphans'), {
    isOurs: true,
    running: 'undefined',
    exits: [{ exitCode: 7 }, { exitCode: 0 }, { signal: 9 }],
    again: 'ECHILD',
  });
});

test('waitPid() of one orphan leaves the children of Node to Node', async () => {
  assert.deepEqual(await inChild('libuv'), { nodeChild: [3, null], orphan: { exitCode: 7 } });
});

test('waitPid() takes one pid and neither groups nor "any child"', () => {
  for (const pid of [-1, 0, -5, 1.5, Number.NaN]) {
    assert.throws(() => waitPid(pid), { code: 'EINVAL', message: /that is no pid/ });
  }
  assert.throws(() => waitPid(1), { code: 'ECHILD', class: 'notFound' });
});

test('createSession() gives a session of its own, and is refused to the leader of a group', async () => {
  assert.deepEqual(await inChild('session'), { isLeader: true, again: 'EPERM' });
});

test('setDeathSignal() ends a process with its parent', async () => {
  assert.deepEqual(await inChild('death'), { endedBy: 'SIGUSR2' });
});

test('setProcessName() is what ps shows, cut at 15 bytes', async () => {
  assert.deepEqual(await inChild('name'), { comm: ['berth-monitor', 'berth-with-a-lo'] });
});

test('closeOnExecAbove() keeps files from programs started afterwards', async () => {
  for (const kernel of ['cloexec', 'cloexecOld']) {
    assert.deepEqual(await inChild(kernel), { before: 'inherited', after: 'closed' }, kernel);
  }
});
