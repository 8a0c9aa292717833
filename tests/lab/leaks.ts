import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { TestContext } from 'node:test';
import { hasCode } from '@berth/errors';

/** What a test could leave behind on the machine. */
export interface MachineState {
  readonly mounts: readonly string[];
  readonly interfaces: readonly string[];
  /** Network namespaces that a process of this test is in. */
  readonly namespaces: readonly string[];
  readonly loops: readonly string[];
  /** Names of cgroups that container programs make. */
  readonly cgroups: readonly string[];
  /** Processes below this one, and those whose parent has gone (`pid name`). */
  readonly processes: readonly string[];
}

export async function machineState(): Promise<MachineState> {
  const processes = await processesOfOurs();
  return {
    mounts: (await readFile('/proc/self/mountinfo', 'utf8')).trimEnd().split('\n').map(mountPoint).sort(),
    interfaces: (await readdir('/sys/class/net')).sort(),
    namespaces: await networkNamespaces(),
    loops: await backedLoops(),
    cgroups: await containerCgroups(),
    processes,
  };
}

/**
 * Compares the machine before and after a test. Call it first, before other `t.after`: hooks run in order, so ask
 * with the returned function once everything is closed.
 *
 * @example
 *   const assertNoLeaks = await watchForLeaks();
 *   { await using net = await createNamespaces(lab); … }
 *   await assertNoLeaks();
 */
export async function watchForLeaks(): Promise<() => Promise<void>> {
  process.env[MARK] ??= randomUUID();
  const before = await machineState();
  return async () => {
    const left = newThings(before, await machineState());
    if (left.length > 0) throw new Error(`The test left behind:\n  ${left.join('\n  ')}`);
  };
}

/** The same for a whole test: checked when its hooks run. Call it before anything is opened. */
export async function assertNoLeaks(t: TestContext): Promise<void> {
  const check = await watchForLeaks();
  t.after(check);
}

function newThings(before: MachineState, after: MachineState): string[] {
  const kinds = Object.keys(before) as (keyof MachineState)[];
  return kinds.flatMap((kind) => {
    const known = new Set(before[kind]);
    return after[kind].filter((one) => !known.has(one)).map((one) => `${kind}: ${one}`);
  });
}

function mountPoint(line: string): string {
  return line.split(' ')[4] ?? line;
}

/** Inherited by all that the test starts, also by what loses its parents: so other work on the machine is not taken for ours. */
const MARK = 'LAB_TEST_MARK';

async function networkNamespaces(): Promise<string[]> {
  const mark = `${MARK}=${process.env[MARK]}`;
  const found = new Set<string>();
  for (const pid of await processIds()) {
    const environment = await ifThere(() => readFile(`/proc/${pid}/environ`, 'latin1'));
    if (environment?.split('\0').includes(mark) !== true) continue;
    const link = await ifThere(() => readlink(`/proc/${pid}/ns/net`));
    if (link !== undefined) found.add(link);
  }
  return [...found].sort();
}

/**
 * Those of files in our folder for temporary files: other work on the machine, or around the chroot in which the tests run, may have
 * some of its own.
 */
async function backedLoops(): Promise<string[]> {
  const loops = ((await ifThere(() => readdir('/sys/block'))) ?? []).filter((name) =>
    name.startsWith('loop'),
  );
  const backed: string[] = [];
  for (const loop of loops) {
    const file = await ifThere(() => readFile(`/sys/block/${loop}/loop/backing_file`, 'utf8'));
    if (file?.startsWith(`${tmpdir()}/`) !== true) continue;
    if (file.includes(' (deleted)') || existsSync(file.trim())) backed.push(`${loop} ${file.trim()}`);
  }
  return backed;
}

async function containerCgroups(): Promise<string[]> {
  const names = ['docker', 'libpod', 'libpod_parent', 'machine.slice', 'berth', 'buildah'];
  const found: string[] = [];
  const top = '/sys/fs/cgroup';
  for (const controller of ['', ...((await ifThere(() => readdir(top))) ?? [])]) {
    for (const name of (await ifThere(() => readdir(`${top}/${controller}`))) ?? []) {
      if (names.includes(name)) found.push(`${controller}/${name}`);
    }
  }
  return found.sort();
}

async function processesOfOurs(): Promise<string[]> {
  const parents = new Map<number, { readonly parent: number; readonly name: string }>();
  for (const pid of await processIds()) {
    const stat = await ifThere(() => readFile(`/proc/${pid}/stat`, 'utf8'));
    const match = stat === undefined ? null : /^\d+ \((.*)\) (\S) (\d+)/s.exec(stat);
    // A zombie waits for its parent to look, it does nothing more.
    if (match === null || match[2] === 'Z') continue;
    parents.set(pid, { parent: Number(match[3]), name: match[1] ?? '' });
  }
  const ours: string[] = [];
  for (const [pid, { name }] of parents) {
    for (let at = pid; at > 1; at = parents.get(at)?.parent ?? 0) {
      if (at !== process.pid) continue;
      if (pid !== process.pid) ours.push(`${pid} ${name}`);
      break;
    }
  }
  return ours;
}

async function processIds(): Promise<number[]> {
  return (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
}

/** @returns undefined when the thing has gone meanwhile, or may not be looked at */
async function ifThere<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ESRCH', 'ENOTDIR', 'EACCES', 'EINVAL'].includes(error.code))
      return undefined;
    throw error;
  }
}
