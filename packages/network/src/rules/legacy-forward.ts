import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { hasCode } from '@berth/errors';

const run = promisify(execFile);
const PROGRAMS = ['iptables-legacy', 'iptables'] as const;

/**
 * The same as `openForeignChains` for the tables of iptables before nftables: they have no netlink, so their own program
 * changes them. Machines without such a table, nearly all of today, never start it.
 *
 * @returns the chain that was opened
 */
export async function openLegacyForward(
  bridgeName: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<string | undefined> {
  const program = await legacyProgram();
  if (program === undefined) return undefined;
  const forward = await legacyList(program, 'FORWARD', options);
  if (!forward.includes('-P FORWARD DROP')) return undefined;
  const chain = forward.some((line) => line.endsWith('-j DOCKER-USER')) ? 'DOCKER-USER' : 'FORWARD';
  const there = await legacyList(program, chain, options);
  const missing = rulesFor(bridgeName).filter((rule) => !there.includes(`-A ${chain} ${rule.join(' ')}`));
  for (const rule of missing) await run(program, ['-w', '-I', chain, ...rule], options);
  return missing.length === 0 ? undefined : `legacy ${chain}`;
}

/** Idempotent. */
export async function closeLegacyForward(bridgeName: string): Promise<void> {
  const program = await legacyProgram();
  if (program === undefined) return;
  for (const chain of ['DOCKER-USER', 'FORWARD']) {
    const there = await legacyList(program, chain, {});
    for (const rule of rulesFor(bridgeName)) {
      if (there.includes(`-A ${chain} ${rule.join(' ')}`)) await run(program, ['-w', '-D', chain, ...rule]);
    }
  }
}

function rulesFor(bridgeName: string): readonly (readonly string[])[] {
  return [
    ['-i', bridgeName, '-j', 'ACCEPT'],
    ['-o', bridgeName, '-j', 'ACCEPT'],
  ];
}

/** The program that speaks to the legacy tables, when the kernel has a filter table of that kind. */
async function legacyProgram(): Promise<string | undefined> {
  const tables = await ifThere(() => readFile('/proc/net/ip_tables_names', 'utf8'));
  if (tables === undefined || !tables.split('\n').includes('filter')) return undefined;
  for (const program of PROGRAMS) {
    const version = await ifThere(() => run(program, ['--version']));
    if (version !== undefined && !version.stdout.includes('nf_tables')) return program;
  }
  return undefined;
}

/** Its rules as `iptables -S` prints them; none when there is no such chain. */
async function legacyList(
  program: string,
  chain: string,
  options: { readonly signal?: AbortSignal },
): Promise<readonly string[]> {
  try {
    const { stdout } = await run(program, ['-w', '-S', chain], options);
    return stdout.split('\n');
  } catch (error) {
    // Exit code 1: no such chain.
    if ((error as { code?: unknown }).code === 1) return [];
    throw error;
  }
}

async function ifThere<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'EACCES'].includes(error.code)) return undefined;
    throw error;
  }
}
