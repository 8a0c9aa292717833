import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { hasCode } from '@berth/errors';
import { EngineError } from '../../errors.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { notRunning } from '../lifecycle/commands.ts';
import { refused } from '../settings/refuse.ts';
import { tell } from '../tell.ts';

const run = promisify(execFile);

export interface Top {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[];
}

/** The machine's `ps`, of which only the container's processes are kept: the container needs no `ps` of its own. */
export async function containerTop(
  context: ContainersContext,
  container: Container,
  psArgs = '-ef',
): Promise<Top> {
  const args = (psArgs.trim() || '-ef').split(/\s+/);
  refuseFormatWithEquals(args);
  const { status } = container.state;
  if (status !== 'running' && status !== 'paused') throw notRunning(container);
  const pids = await context.monitor().pids(container.id);
  const output = await ps(args, pids);
  tell(context.emit, container, { action: 'top' });
  return parsePs(output, new Set(pids));
}

async function ps(args: readonly string[], pids: readonly number[]): Promise<string> {
  try {
    // Only these processes are asked for where `ps` can say so together with the caller's arguments.
    const { stdout } = await run('ps', [...args, '-q', pids.join(',')], PS_OPTIONS);
    return stdout;
  } catch (error) {
    if (isMissing(error)) throw psMissing();
  }
  try {
    const { stdout } = await run('ps', [...args], PS_OPTIONS);
    return stdout;
  } catch (error) {
    const words = (error as { stderr?: string }).stderr?.trim().split('\n')[0] ?? (error as Error).message;
    throw refused(`ps: ${words}`);
  }
}

const PS_OPTIONS = {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  env: { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8' },
} as const;

function isMissing(error: unknown): boolean {
  return hasCode(error) && error.code === 'ENOENT';
}

function psMissing(): EngineError {
  return new EngineError('PROGRAM_MISSING', 'Cannot list processes: this machine has no "ps"', {
    hint: 'Install it: apt-get install procps',
  });
}

/** `-o pid=NAME` would change the title that the pids are found by. */
function refuseFormatWithEquals(args: readonly string[]): void {
  for (const arg of args) {
    const match = /(?:^|,)pid=(.*)/i.exec(arg.replace(/^-?o/, ''));
    if (match !== null) throw refused(`specifying "${match[0]}" is not allowed`);
  }
}

/** The last column may have blanks. */
export function parsePs(output: string, pids: ReadonlySet<number>): Top {
  const [header = '', ...lines] = output.split('\n').filter((line) => line !== '');
  const titles = header.trim().split(/\s+/);
  const at = titles.indexOf('PID');
  if (at < 0) throw refused("couldn't find PID field in ps output");
  const rows = lines.map((line) => {
    const fields = line.trim().split(/\s+/);
    return [...fields.slice(0, titles.length - 1), fields.slice(titles.length - 1).join(' ')];
  });
  return { Titles: titles, Processes: rows.filter((row) => pids.has(Number(row[at]))) };
}
