import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '@berth/errors';

export interface StartOptions {
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Asked again and again until it says true. Without it the program counts as ready when it runs. */
  readonly ready?: (server: Server) => Promise<boolean> | boolean;
  /** How long it may take to be ready; 60 s when left out. */
  readonly readyTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A program that runs until it is stopped, with what it has printed. */
export interface Server extends AsyncDisposable {
  /** Process id of the program itself, as this machine sees it. */
  readonly pid: number;
  /** All that it wrote so far, both streams as they came. */
  output(): string;
  /** What it wrote to its standard output only. */
  stdout(): string;
  /** Undefined while it runs; a signal's name when one ended it. */
  readonly ended: number | NodeJS.Signals | undefined;
  /** Sends a signal without waiting. */
  kill(signal: NodeJS.Signals): void;
  /** Asks it to end (SIGTERM), kills it after ten seconds, and waits until it is gone. Idempotent. */
  stop(): Promise<void>;
  /** Waits until it has ended by itself. */
  exited(): Promise<number | NodeJS.Signals>;
}

/** Starts a program and waits until it is ready. When it does not become ready it is ended and its output told. */
export async function startServer(
  command: readonly [string, ...string[]],
  options: StartOptions & {
    /** The command is a wrapper that stays (`unshare --fork`): the program is its child. */
    readonly isWrapped?: boolean;
    /** The whole environment; `env` is then not looked at. */
    readonly onlyEnv?: Readonly<Record<string, string>>;
  } = {},
): Promise<Server> {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.onlyEnv ?? { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  await new Promise<void>((done, fail) => {
    child.once('spawn', done);
    child.once('error', fail);
  });
  const server = new RunningServer(child, options.isWrapped === true);
  try {
    await waitUntilReady(server, { ...options, command: command.join(' ') });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

async function waitUntilReady(
  server: RunningServer,
  options: StartOptions & { readonly command: string },
): Promise<void> {
  const limit = performance.now() + (options.readyTimeoutMs ?? 60_000);
  await server.findProgram();
  while (options.ready !== undefined) {
    options.signal?.throwIfAborted();
    if (server.ended !== undefined) break;
    if (await options.ready(server)) return;
    if (performance.now() > limit) {
      throw new Error(`"${options.command}" did not become ready in time:\n${server.output()}`);
    }
    await sleep(50);
  }
  if (server.ended === undefined) return;
  throw new Error(`"${options.command}" ended (${server.ended}) before it was ready:\n${server.output()}`);
}

class RunningServer implements Server {
  readonly #child: ChildProcess;
  readonly #isWrapped: boolean;
  readonly #closed: Promise<void>;
  #output = '';
  #stdout = '';
  #programPid: number | undefined;

  constructor(child: ChildProcess, isWrapped: boolean) {
    this.#child = child;
    this.#isWrapped = isWrapped;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      this.#stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
    this.#closed = new Promise((done) => {
      child.once('close', () => done());
      // What it started and left may hold the pipes for ever.
      child.once('exit', () =>
        setTimeout(() => child.stdout?.destroy() && child.stderr?.destroy(), 2000).unref(),
      );
    });
  }

  get pid(): number {
    return this.#programPid ?? this.#child.pid ?? 0;
  }

  get ended(): number | NodeJS.Signals | undefined {
    return this.#child.signalCode ?? this.#child.exitCode ?? undefined;
  }

  output(): string {
    return this.#output;
  }

  stdout(): string {
    return this.#stdout;
  }

  /** Waits until the wrapper has its child, so that signals reach the program and not the wrapper. */
  async findProgram(): Promise<void> {
    const pid = this.#child.pid;
    if (!this.#isWrapped || pid === undefined) return;
    while (this.ended === undefined && this.#programPid === undefined) {
      this.#programPid = await firstChildOf(pid);
      if (this.#programPid === undefined) await sleep(5);
    }
  }

  kill(signal: NodeJS.Signals): void {
    if (this.ended !== undefined) return;
    try {
      process.kill(this.pid, signal);
    } catch (error) {
      if (!hasCode(error) || error.code !== 'ESRCH') throw error;
    }
  }

  async stop(): Promise<void> {
    if (this.ended === undefined) {
      // Number 1 of a process namespace does not even see a SIGTERM that it has no handler for.
      const isDeaf = this.#isWrapped && !(await catchesTerm(this.pid));
      this.kill(isDeaf ? 'SIGKILL' : 'SIGTERM');
      const timer = setTimeout(() => this.kill('SIGKILL'), 10_000);
      await this.#closed;
      clearTimeout(timer);
    }
    await this.#closed;
  }

  async exited(): Promise<number | NodeJS.Signals> {
    await this.#closed;
    return this.ended ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function catchesTerm(pid: number): Promise<boolean> {
  const status = await readProcFile(`/proc/${pid}/status`);
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status ?? '')?.[1];
  return caught !== undefined && ((BigInt(`0x${caught}`) >> 14n) & 1n) === 1n;
}

async function firstChildOf(pid: number): Promise<number | undefined> {
  const first = Number((await readProcFile(`/proc/${pid}/task/${pid}/children`))?.trim().split(' ')[0]);
  return first > 0 ? first : undefined;
}

/** @returns undefined when the process is gone */
async function readProcFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'ESRCH')) return undefined;
    throw error;
  }
}
