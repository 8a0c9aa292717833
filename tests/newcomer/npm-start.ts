import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '@berth/errors';
import { isReady } from './first-run.ts';

/** `npm start`, as somebody has it in a terminal. */
export interface NpmStart extends AsyncDisposable {
  readonly pid: number;
  output(): string;
  /** From the command until it had said all it has to say. */
  readonly seconds: number;
  /** What Ctrl-C does: the whole foreground group gets SIGINT. @returns the exit code of npm */
  interrupt(): Promise<number | NodeJS.Signals>;
}

export interface NpmStartOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export async function npmStart({ cwd, env }: NpmStartOptions): Promise<NpmStart> {
  const begin = performance.now();
  const child = spawn('npm', ['start'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  await once(child, 'spawn');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const closed = once(child, 'close');
  const end = async (signal: NodeJS.Signals) => {
    signalGroup(child.pid ?? 0, signal);
    await closed;
    return child.exitCode ?? child.signalCode ?? 0;
  };
  while (!isReady(output)) {
    if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}:\n${output}`);
    if (performance.now() - begin > 180_000) {
      await end('SIGKILL');
      throw new Error(`npm start did not become ready:\n${output}`);
    }
    await sleep(20);
  }
  return {
    pid: child.pid ?? 0,
    output: () => output,
    seconds: (performance.now() - begin) / 1000,
    interrupt: () => end('SIGINT'),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await end('SIGTERM');
    },
  };
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if (!hasCode(error) || error.code !== 'ESRCH') throw error;
  }
}

/**
 * A shell's environment for a newcomer: nothing of the npm run that we are in, no settings of Berth; logins go into a folder of
 * the test, packages come from npm's cache where they are in it.
 */
export function newcomerEnvironment(folder: string): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(BERTH_|NODE_TEST|npm_|INIT_CWD|REGISTRY_AUTH_FILE)/.test(name) ||
      /^npm_config_(cache|registry|userconfig|globalconfig|cafile|https?_proxy|proxy)$/i.test(name),
  );
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    ...{ LANG: 'C.UTF-8', npm_config_prefer_offline: 'true' },
    DOCKER_CONFIG: `${folder}/docker`,
  };
}
