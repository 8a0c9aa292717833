import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { hasCode } from '@berth/errors';
import { type CommandOptions, type CommandResult, runCommand } from './command.ts';
import { type EngineHouse, type HouseOptions, machineDocker, openEngineHouse } from './engine-house.ts';
import type { Namespace } from './netns.ts';
import { type Lab, openPeers } from './peers.ts';
import { type Server, startServer } from './server.ts';

export interface StartEngineOptions extends HouseOptions {
  /** Options of `openEngine`; folders and socket are the test's own. */
  readonly engine?: Readonly<Record<string, unknown>>;
  /** Kept at the end; a temporary one, removed at the end, when left out. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Also listens on this port of the house's loopback. */
  readonly tcp?: string;
  readonly signal?: AbortSignal;
}

/** The line that an engine prints when it is ready. */
export interface EngineReport {
  readonly address: string;
  readonly tcpAddress?: string;
  readonly startMs: number;
}

type DockerOptions = Pick<CommandOptions, 'input' | 'env' | 'signal'> & { readonly cwd?: string };

/** The real engine in a house of its own (see `engine-house.ts`), and the docker command pointed at it. */
export interface TestEngine extends AsyncDisposable {
  readonly house: EngineHouse;
  /** Holds `data/` and the socket, the same path inside and outside. */
  readonly folder: string;
  readonly dataRoot: string;
  /** A tmpfs that only the house sees. */
  readonly runRoot: string;
  /** Tests may connect to it from here. */
  readonly socketPath: string;
  /** For `startHub({ netns })`: a Hub beside the engine, as `127.0.0.1:5000` for both. */
  readonly netns: Namespace;
  readonly report: EngineReport;
  /** The engine that runs now, or ran last. */
  readonly server: Server;
  /** The unmodified docker command. Any exit code is a value. */
  docker(args: readonly string[], options?: DockerOptions): Promise<CommandResult>;
  /** The same; an exit code other than 0 throws with all that it said. @returns what it wrote to its standard output */
  must(args: readonly string[], options?: DockerOptions): Promise<string>;
  /** The whole docker command, for terminals and for what runs beside the test. */
  dockerCommand(args: readonly string[]): [string, ...string[]];
  /** A program of the lab inside the house. */
  inside(program: string, args: readonly string[], options?: DockerOptions): Promise<CommandResult>;
  /** Kills the engine as hard as can be and waits until it is gone. Containers run on. */
  kill(): Promise<void>;
  /** Ends it politely. */
  stop(): Promise<void>;
  /**
   * Ends it politely when it runs, and starts it on the same folders. Beside the options of `openEngine` it takes those of
   * `engine.child.ts`: `crashAt`, `traceSteps`.
   */
  restart(engine?: Readonly<Record<string, unknown>>): Promise<void>;
}

/**
 * An engine for one test, closed when the test is over. Where none can run the test is skipped with the reason and
 * `undefined` returned; under `CI=true` that is a failure.
 *
 * @example
 *   const engine = await needEngine(t);
 *   if (engine === undefined) return;
 *   await engine.must(['run', '--rm', image, 'true']);
 */
export async function needEngine(
  t: TestContext,
  options: StartEngineOptions = {},
): Promise<(TestEngine & { readonly lab: Lab }) | undefined> {
  const lab = await openPeers(t);
  if (lab === undefined) return undefined;
  try {
    await machineDocker();
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    t.skip('needs the docker command');
    return undefined;
  }
  const engine = await startEngine(lab, options);
  // Before the lab's own files go: hooks run in the order in which they were set.
  lab.beforeClose(async () => await engine[Symbol.asyncDispose]());
  return Object.assign(engine, { lab });
}

/** Starts an engine in folders of its own and waits until it answers. */
export async function startEngine(lab: Lab, options: StartEngineOptions = {}): Promise<TestEngine> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'berth-engine-')));
  await using stack = new AsyncDisposableStack();
  if (options.folder === undefined) stack.defer(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'data'), { recursive: true });
  const house = stack.use(await openEngineHouse(lab, options));
  const engine = new RunningEngine(house, { ...options, folder });
  stack.defer(() => engine.stop());
  await engine.restart();
  engine.owns(stack.move());
  return engine;
}

class RunningEngine implements TestEngine {
  readonly house: EngineHouse;
  readonly folder: string;
  readonly runRoot = '/run/berth';
  readonly #options: StartEngineOptions;
  #server: Server | undefined;
  #report: EngineReport | undefined;
  #owned: AsyncDisposableStack | undefined;

  constructor(house: EngineHouse, options: StartEngineOptions & { readonly folder: string }) {
    this.house = house;
    this.folder = options.folder;
    this.#options = options;
  }

  owns(stack: AsyncDisposableStack): void {
    this.#owned = stack;
  }

  get dataRoot(): string {
    return join(this.folder, 'data');
  }

  get socketPath(): string {
    return join(this.folder, 'berth.sock');
  }

  get netns(): Namespace {
    return this.house.netns;
  }

  get server(): Server {
    if (this.#server === undefined) throw new Error('The engine was not started');
    return this.#server;
  }

  get report(): EngineReport {
    if (this.#report === undefined) throw new Error('The engine was not ready');
    return this.#report;
  }

  dockerCommand(args: readonly string[]): [string, ...string[]] {
    return this.house.command(this.house.docker, ['--host', `unix://${this.socketPath}`, ...args]);
  }

  async docker(args: readonly string[], options: DockerOptions = {}): Promise<CommandResult> {
    return await this.inside(this.house.docker, ['--host', `unix://${this.socketPath}`, ...args], options);
  }

  async must(args: readonly string[], options: DockerOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.docker(args, options);
    if (code === 0) return stdout;
    throw new Error(
      `Cannot run "docker ${args.join(' ')}": exit code ${code}\n${stdout}\n${stderr}${this.#tail()}`,
    );
  }

  async inside(
    program: string,
    args: readonly string[],
    options: DockerOptions = {},
  ): Promise<CommandResult> {
    const { cwd, ...rest } = options;
    return await runCommand(this.house.command(program, args, cwd === undefined ? {} : { cwd }), {
      ...rest,
      env: { ...options.env, HOME: '/root' },
    });
  }

  async kill(): Promise<void> {
    if (this.#server === undefined || this.#server.ended !== undefined) return;
    try {
      process.kill(this.#server.pid, 'SIGKILL');
    } catch (error) {
      if (!hasCode(error) || error.code !== 'ESRCH') throw error;
    }
    await this.#server.exited();
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  async restart(engine: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.stop();
    const child = join(import.meta.dirname, 'engine.child.ts');
    const settings = {
      ...{ dataRoot: this.dataRoot, runRoot: this.runRoot, socketPath: this.socketPath },
      ...(this.#options.tcp === undefined ? {} : { tcp: this.#options.tcp }),
      ...this.#options.engine,
      ...engine,
    };
    this.#report = undefined;
    this.#server = await startServer(
      this.house.command(process.execPath, [child, JSON.stringify(settings)], { cwd: '/' }),
      {
        isWrapped: true,
        onlyEnv: { LANG: 'C.UTF-8', PATH: process.env.PATH ?? '', ...this.#options.env },
        ready: (server) => {
          const line = server
            .stdout()
            .split('\n')
            .find((one) => one.startsWith('{"address"') && one.endsWith('}'));
          if (line !== undefined) this.#report = JSON.parse(line) as EngineReport;
          return line !== undefined;
        },
        ...(this.#options.signal === undefined ? {} : { signal: this.#options.signal }),
      },
    );
  }

  #tail(): string {
    const said = this.#server?.output().split('\n').slice(-30).join('\n') ?? '';
    return said === '' ? '' : `\nThe engine said:\n${said}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned?.disposeAsync();
  }
}
