import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { bindMount, enterJail, enterPrivateMounts, visitJail } from './index.ts';

// A thread that goes into one folder after another, and what it sees there.
export interface Visits {
  readonly folders: readonly [string, string];
  readonly outside: string;
}

const { folders, outside } = workerData as Visits;
const [first, second] = folders;
const seen: Record<string, unknown> = {};

async function codeOf(work: () => unknown): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return code ?? message;
  }
}

for (const [name, folder] of [
  ['first', first],
  ['second', second],
] as const) {
  seen[name] = await visitJail(folder, async () => {
    const before = existsSync(outside);
    await turn();
    writeFileSync('/made', '', { mode: 0o777 });
    return [readdirSync('/').sort().join(' '), before, existsSync(outside), existsSync(`../../..${outside}`)];
  });
}
seen.mode = (statSync(`${first}/made`).mode & 0o777).toString(8);
seen.home = [existsSync(outside), readlinkSync('/proc/thread-self/cwd'), process.umask().toString(8)];
seen.nested = await codeOf(() => visitJail(first, () => visitJail('/', async () => 'went in')));
seen.thrown = await codeOf(() =>
  visitJail(first, async () => {
    throw new Error('inside');
  }),
);
seen.nowhere = await codeOf(() => visitJail(`${first}/nowhere`, async () => 'went in'));
seen.stillHome = existsSync(outside);

// Mounts of its own, that `enterJail` then finds inside.
mkdirSync(`${first}/volume`);
enterPrivateMounts();
bindMount(second, `${first}/volume`);
enterJail(first);
seen.volume = readFileSync('/volume/name', 'utf8');
parentPort?.postMessage(seen);
