import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '@berth/errors';
import { IS_SOAK, SEED } from '../crash/chance.ts';
import { mustRun } from '../lab/command.ts';
import { GUEST, PEERS, STORAGE } from '../lab/package-sets.ts';
import { openPeers } from '../lab/peers.ts';
import { type BareGuest, openBareGuest } from './bare-guest.ts';
import { NODE_OPTIONS } from './disks.ts';
import { AGENT } from './guest.ts';
import type { GuestProcess } from './port.ts';
import type { SuiteLine } from './suite-lines.ts';

const SOURCES = join(import.meta.dirname, '../../packages/storage/src');
const SUITE = join(import.meta.dirname, 'suite.child.ts');
/** It starts both kinds of worker, whose files are compiled with it. */
const WITH_WORKERS = join(SOURCES, 'layers/layer-store.vfs.test.ts');

/** The test files of a storage driver: those in its folder, and the layer store over it; killed at its steps in the long run alone. `BERTH_GUEST_FILES=crash,pool` keeps to those. */
export async function filesOfDriver(name: string): Promise<readonly string[]> {
  const paths = [
    `drivers/${name}/driver.test.ts`,
    `drivers/${name}/pool.test.ts`,
    `drivers/${name}/space.test.ts`,
    `layers/layer-store.${name}.test.ts`,
    ...(IS_SOAK ? [`layers/crash.${name}.test.ts`] : []),
  ];
  const words = process.env.BERTH_GUEST_FILES?.split(',') ?? [''];
  const found: string[] = [];
  for (const path of paths.filter((one) => words.some((word) => one.includes(word)))) {
    if (await isThere(join(SOURCES, path))) found.push(join(SOURCES, path));
  }
  return found;
}

/**
 * A guest for the suites of storage drivers, without an engine. Where none can be had the test is skipped with the reason and
 * `undefined` returned; under `CI=true` that is a failure.
 *
 * @param files that will run in it: they are compiled here, where that is quick
 */
export async function needSuiteGuest(
  t: TestContext,
  files: readonly string[],
): Promise<BareGuest | undefined> {
  if (process.arch !== 'x64') {
    t.skip(`needs an x64 machine for its guest, this is ${process.arch}`);
    return undefined;
  }
  const machine = await openPeers(t, GUEST);
  const peers = machine && (await openPeers(t, PEERS));
  const storage = peers && (await openPeers(t, STORAGE));
  if (machine === undefined || peers === undefined || storage === undefined) return undefined;
  const labs = { machine, peers, storage };
  return await openBareGuest(labs, { compile: (folder) => compile(folder, files) });
}

/** Node writes what it compiled when a program ends; a pattern that no test has lets it load them and run none. */
async function compile(folder: string, files: readonly string[]): Promise<void> {
  const env = { NODE_COMPILE_CACHE: folder };
  const node = [process.execPath, ...NODE_OPTIONS] as const;
  for (const file of files) await mustRun([...node, '--test-name-pattern', 'no such test', file], { env });
  await mustRun([...node, '--test-name-pattern', 'apply.. brings a stack in', WITH_WORKERS], { env });
  for (const program of [SUITE, AGENT]) await mustRun([...node, program], { env });
}

/** Runs test files in the guest, each of their tests told as one of `t`. @returns how many there were */
export async function runSuites(t: TestContext, guest: BareGuest, files: readonly string[]): Promise<number> {
  const running = guest.start(guest.node, [...NODE_OPTIONS, SUITE, ...files], {
    cwd: '/',
    env: {
      TMPDIR: guest.temporary,
      BERTH_SEED: String(SEED),
      ...(IS_SOAK ? { BERTH_SOAK: '1' } : {}),
      ...(process.env.BERTH_CRASH_MOST === undefined
        ? {}
        : { BERTH_CRASH_MOST: process.env.BERTH_CRASH_MOST }),
    },
  });
  let count = 0;
  for await (const line of linesOf(running)) {
    if ('note' in line) t.diagnostic(line.note);
    else {
      count++;
      await tell(t, line);
    }
  }
  if (count === 0 || typeof running.ended !== 'number')
    throw new Error(`The suites ended with ${running.ended} after ${count} tests:\n${running.stderr()}`);
  return count;
}

async function tell(t: TestContext, line: Exclude<SuiteLine, { readonly note: string }>): Promise<void> {
  await t.test(line.test.join(' › '), (inner) => {
    if (line.skipped !== undefined) inner.skip(line.skipped);
    if (line.failed !== undefined) throw new Error(line.failed);
  });
}

async function* linesOf(process: GuestProcess): AsyncGenerator<SuiteLine> {
  for (let at = 0; ; ) {
    const hasEnded = process.ended !== undefined;
    const text = process.stdout();
    for (let end = text.indexOf('\n', at); end >= 0; end = text.indexOf('\n', at)) {
      yield JSON.parse(text.slice(at, end)) as SuiteLine;
      at = end + 1;
    }
    if (hasEnded) return;
    await Promise.race([process.exited(), sleep(100)]);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return false;
    throw error;
  }
}
