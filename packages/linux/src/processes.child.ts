import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  becomeSubreaper,
  closeOnExecAbove,
  createSession,
  openPidfd,
  type ProcessStatus,
  setDeathSignal,
  setProcessName,
  waitPid,
  waitPidfd,
} from './index.ts';
import { libc } from './libc.ts';
import { withoutCalls } from './old-kernel.fixture.ts';

// What changes the process it runs in is tried in this one.

/** Starts programs whose parent ends at once. @returns their pids */
async function startOrphans(...scripts: readonly string[]): Promise<number[]> {
  const starter = scripts.map((script) => `sh -c '${script}' >/dev/null & echo $!`).join('\n');
  const parent = spawn('sh', ['-c', starter], { stdio: ['ignore', 'pipe', 'inherit'] });
  let pids = '';
  for await (const chunk of parent.stdout) pids += chunk;
  return pids.trim().split('\n').map(Number);
}

async function waitFor(pid: number): Promise<ProcessStatus> {
  for (;;) {
    const status = waitPid(pid);
    if (status !== undefined) return status;
    await sleep(5);
  }
}

function codeOf(work: () => unknown): string {
  try {
    return String(work());
  } catch (error) {
    return (error as { code: string }).code;
  }
}

function tryCloseOnExec(): { before: string; after: string } {
  const fd = libc().openat(-100, Buffer.from('/dev/null\0'), 0, 0);
  const look = () => {
    const { status } = spawnSync('sh', ['-c', `test -e /proc/self/fd/${fd}`]);
    return status === 0 ? 'inherited' : 'closed';
  };
  const before = look();
  closeOnExecAbove(3);
  return { before, after: look() };
}

const TRIALS: Readonly<Record<string, () => Promise<unknown>>> = {
  async orphans() {
    becomeSubreaper();
    const pids = await startOrphans('sleep 2; exit 7', 'sleep 2', 'sleep 2; kill -9 $$');
    const isChild = (pid: number) =>
      Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[3]) === process.pid;
    // A parent that ends closes its files first, and gives its children away after that.
    while (!pids.every(isChild)) await sleep(5);
    const isOurs = true;
    const running = String(waitPid(pids[0] ?? 0));
    const exits = await Promise.all(pids.map(waitFor));
    return { isOurs, running, exits, again: codeOf(() => waitPid(pids[0] ?? 0)) };
  },
  async libuv() {
    becomeSubreaper();
    const [pid = 0] = await startOrphans('sleep 1; exit 7');
    const child = spawn('sh', ['-c', 'exit 3']);
    const exit = once(child, 'exit');
    while (Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[3]) !== process.pid) await sleep(5);
    const orphan = await waitFor(pid);
    return { nodeChild: await exit, orphan };
  },
  async session() {
    createSession();
    const [, , , , , session] = readFileSync('/proc/self/stat', 'utf8')
      .replace(/\(.*\)/, 'x')
      .split(' ');
    return { isLeader: Number(session ?? 0) === process.pid, again: codeOf(createSession) };
  },
  async death() {
    // A process between us and one that asks for the signal; then the one between is killed.
    const args = JSON.stringify([process.argv[1], 'askForDeath']);
    const outer = `const { spawn } = require('node:child_process');
      spawn(process.execPath, ${args}, { stdio: ['ignore', 'inherit', 'inherit'] });`;
    becomeSubreaper();
    const middle: ChildProcess = spawn(process.execPath, ['-e', outer], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = middle.stdout === null ? [] : await once(middle.stdout, 'data');
    const pid = Number(/ready (\d+)/.exec(String(line))?.[1]);
    const pidfd = openPidfd(pid);
    middle.kill('SIGKILL');
    await waitPidfd(pidfd, { signal: AbortSignal.timeout(10_000) });
    libc().close(pidfd);
    // The first thread's end sends the signal; its children become ours with the last one's.
    if (middle.exitCode === null && middle.signalCode === null) await once(middle, 'exit');
    const status = await waitFor(pid);
    return { endedBy: 'signal' in status && status.signal === 12 ? 'SIGUSR2' : status };
  },
  async askForDeath() {
    setDeathSignal(12);
    console.log(`ready ${process.pid}`);
    await sleep(60_000);
  },
  async name() {
    const comm = ['berth-monitor', 'berth-with-a-long-name'].map((name) => {
      setProcessName(name);
      return readFileSync('/proc/self/comm', 'utf8').trim();
    });
    return { comm };
  },
  async cloexec() {
    return tryCloseOnExec();
  },
  async cloexecOld() {
    withoutCalls({ after: () => {} }, 'closeRange');
    return tryCloseOnExec();
  },
};

setDeathSignal(9);
const trial = TRIALS[process.argv[2] ?? ''];
if (trial === undefined) throw new Error('Which trial?');
console.log(JSON.stringify(await trial()));
