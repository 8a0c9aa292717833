import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '../../packages/cli/src/main.ts');

export interface BerthRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface BerthOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A user with a home of its own, who runs berth in it. */
export interface BerthUser extends AsyncDisposable {
  readonly home: string;
  berth(args: readonly string[], options?: BerthOptions): Promise<BerthRun>;
  /** The answer of a command with `--format json`; fails when the command does. */
  json(args: readonly string[], options?: BerthOptions): Promise<unknown>;
}

export async function newUser(env: Readonly<Record<string, string>> = {}): Promise<BerthUser> {
  const home = await mkdtemp(join(tmpdir(), 'berth-user-'));
  const berth = (args: readonly string[], options: BerthOptions = {}) =>
    run(args, { ...options, home, env: { ...env, ...options.env } });
  return {
    home,
    berth,
    async json(args, options) {
      const { code, stdout, stderr } = await berth([...args, '--format', 'json'], options);
      if (code !== 0) throw new Error(`berth ${args.join(' ')} ended with ${code}: ${stderr}`);
      return JSON.parse(stdout);
    },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

function run(
  args: readonly string[],
  { home, env, input = '' }: BerthOptions & { readonly home: string },
): Promise<BerthRun> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8', ...env },
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  // A command that reads no input may end first.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, ...output }));
  });
}
