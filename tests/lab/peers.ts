import { access, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { hasCode } from '@berth/errors';
import { cacheFolder } from './cache-folder.ts';
import { type CommandOptions, type CommandResult, runCommand } from './command.ts';
import { type Bind, jailCommand } from './jail.ts';
import { whyNoPeers } from './machine.ts';
import { type PackageSet, PEERS } from './package-sets.ts';
import { bringPackages, PackagesUnreachableError } from './packages.ts';
import { type Server, type StartOptions, startServer } from './server.ts';

export interface InsideOptions {
  /** More folders or files of the host; `/tmp`, `/sys`, `/dev` and the cache folder are always there. */
  readonly binds?: readonly Bind[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Process id of a namespace's anchor (`net.pid`); the machine's network when left out. */
  readonly netns?: number;
  readonly hostPids?: boolean;
  readonly signal?: AbortSignal;
}

/** Debian's programs, run without installing them. Files they change are this test's own, gone at the end. */
export interface Lab extends AsyncDisposable {
  /** The test's own `/etc`, `/var`, … as folders of the host: `join(lab.state, 'etc/hosts')`. */
  readonly state: string;
  /** The unpacked packages; read-only by agreement. */
  readonly root: string;
  /** Whether a program is there, by name or absolute path. */
  has(program: string): Promise<boolean>;
  /** Runs a program to its end; any exit code is a value. */
  run(
    program: string,
    args: readonly string[],
    options?: InsideOptions & Pick<CommandOptions, 'input'>,
  ): Promise<CommandResult>;
  /** The same, but an exit code other than 0 throws with all that it said. */
  must(
    program: string,
    args: readonly string[],
    options?: InsideOptions & Pick<CommandOptions, 'input'>,
  ): Promise<string>;
  /** Starts a server and waits until `ready` says so. It is stopped with the lab if not before. */
  start(program: string, args: readonly string[], options?: InsideOptions & StartOptions): Promise<Server>;
  /** Something to close before the lab's files go, the last first. */
  beforeClose(close: () => Promise<void>): void;
  /** The whole command that `run` would run, for tools that start programs themselves. */
  command(program: string, args: readonly string[], options?: InsideOptions): [string, ...string[]];
}

/**
 * Opens the lab for one test and closes it when the test is over. Where it cannot be had the test is skipped with
 * the reason and `undefined` returned; under `CI=true` that is a failure.
 *
 * @example
 *   const lab = await openPeers(t);
 *   if (lab === undefined) return;
 *   await lab.must('skopeo', ['--version']);
 */
export async function openPeers(t: TestContext, set: PackageSet = PEERS): Promise<Lab | undefined> {
  const lab = await tryOpen(t, set);
  if (typeof lab !== 'string') {
    t.after(() => lab[Symbol.asyncDispose]());
    return lab;
  }
  if (process.env.CI === 'true') throw new Error(`Cannot run the peers in CI: ${lab}`);
  t.skip(lab);
  return undefined;
}

/** @returns the lab, or the reason why there is none */
async function tryOpen(t: TestContext, set: PackageSet): Promise<Lab | string> {
  const reason = await whyNoPeers();
  if (reason !== undefined) return reason;
  try {
    return await openLab(set, { onProgress: (line) => t.diagnostic(line) });
  } catch (error) {
    if (error instanceof PackagesUnreachableError) return error.message;
    throw error;
  }
}

/** The lab without a test around it, for benchmarks and tools. Throws where it cannot be had. */
export async function openLab(
  set: PackageSet = PEERS,
  options: { readonly onProgress?: (line: string) => void; readonly signal?: AbortSignal } = {},
): Promise<Lab> {
  const root = await bringPackages(set, options);
  const state = await mkdtemp(join(tmpdir(), 'berth-lab-'));
  for (const name of ['new', 'shm', 'run', 'root', 'home']) await mkdir(join(state, name));
  for (const name of ['etc', 'var'])
    await cp(join(root, name), join(state, name), { recursive: true, verbatimSymlinks: true });
  await mkdir(join(state, 'run/lock'));
  await copyNetworkSettings(state);
  return new OpenLab(root, state);
}

/** Names and package sources as the machine has them. */
async function copyNetworkSettings(state: string): Promise<void> {
  await writeFile(join(state, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  await writeFile(join(state, 'etc/hostname'), 'lab\n');
  for (const path of ['/etc/resolv.conf', '/etc/apt']) {
    try {
      await cp(path, join(state, path), { recursive: true, dereference: true });
    } catch (error) {
      if (!hasCode(error) || error.code !== 'ENOENT') throw error;
    }
  }
}

class OpenLab implements Lab {
  readonly root: string;
  readonly state: string;
  readonly #opened = new AsyncDisposableStack();

  constructor(root: string, state: string) {
    this.root = root;
    this.state = state;
  }

  async has(program: string): Promise<boolean> {
    const places = program.startsWith('/')
      ? [program]
      : ['/usr/bin', '/usr/sbin'].map((dir) => join(dir, program));
    for (const place of places) {
      try {
        await access(join(this.root, place));
        return true;
      } catch (error) {
        if (!hasCode(error) || error.code !== 'ENOENT') throw error;
      }
    }
    return false;
  }

  command(program: string, args: readonly string[], options: InsideOptions = {}): [string, ...string[]] {
    return jailCommand([program, ...args], {
      root: this.root,
      state: this.state,
      binds: [{ from: cacheFolder() }, ...(options.binds ?? [])],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.netns === undefined ? {} : { netns: options.netns }),
      ...(options.hostPids === undefined ? {} : { hostPids: options.hostPids }),
    });
  }

  beforeClose(close: () => Promise<void>): void {
    this.#opened.defer(close);
  }

  async run(
    program: string,
    args: readonly string[],
    options: InsideOptions & Pick<CommandOptions, 'input'> = {},
  ): Promise<CommandResult> {
    return await runCommand(this.command(program, args, options), {
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.input === undefined ? {} : { input: options.input }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  }

  async must(
    program: string,
    args: readonly string[],
    options: InsideOptions & Pick<CommandOptions, 'input'> = {},
  ): Promise<string> {
    const result = await this.run(program, args, options);
    if (result.code === 0) return result.stdout;
    const shown = [program, ...args].join(' ');
    throw new Error(`Cannot run "${shown}": exit code ${result.code}\n${result.stdout}\n${result.stderr}`);
  }

  async start(
    program: string,
    args: readonly string[],
    options: InsideOptions & StartOptions = {},
  ): Promise<Server> {
    const { env, ready, readyTimeoutMs, signal } = options;
    const server = await startServer(this.command(program, args, options), {
      isWrapped: options.hostPids !== true,
      ...(env === undefined ? {} : { env }),
      ...(ready === undefined ? {} : { ready }),
      ...(readyTimeoutMs === undefined ? {} : { readyTimeoutMs }),
      ...(signal === undefined ? {} : { signal }),
    });
    this.#opened.use(server);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
    await rm(this.state, { recursive: true, force: true });
  }
}
