import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Docker } from '../engine/docker-cases.ts';
import type { CommandOptions, CommandResult } from '../lab/command.ts';
import type { EngineReport } from '../lab/engine.ts';
import { NODE_OPTIONS } from './disks.ts';
import type { Guest } from './guest.ts';
import type { GuestProcess } from './port.ts';

const CHILD = join(import.meta.dirname, '../lab/engine.child.ts');

/** How long an engine may take to start: five seconds, and many times that on a busy machine. */
const START_MS = 300_000;

export interface GuestEngineOptions {
  /** Of `openEngine`, and those of `engine.child.ts`. */
  readonly engine?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

/** The engine in a guest, on the guest's disk, with the unmodified docker command beside it. */
export interface GuestEngine extends Docker {
  readonly guest: Guest;
  /** As `berth` has it: the engine's own folder is below it. */
  readonly dataRoot: string;
  readonly socketPath: string;
  readonly report: EngineReport;
  readonly process: GuestProcess;
  /** Path of a file with the name of every durable step that it comes to, one a line. */
  readonly steps: string;
  /** Ends it politely when it runs, and starts it on the same folders. */
  restart(engine?: Readonly<Record<string, unknown>>): Promise<void>;
  stop(): Promise<void>;
}

export async function startGuestEngine(guest: Guest, options: GuestEngineOptions = {}): Promise<GuestEngine> {
  const engine = new Running(guest, options);
  await engine.restart();
  return engine;
}

class Running implements GuestEngine {
  readonly guest: Guest;
  readonly dataRoot: string;
  readonly socketPath = '/run/berth.sock';
  readonly steps = '/run/steps';
  readonly #options: GuestEngineOptions;
  #process: GuestProcess | undefined;
  #report: EngineReport | undefined;

  constructor(guest: Guest, options: GuestEngineOptions) {
    this.guest = guest;
    this.dataRoot = join(guest.disk, 'berth');
    this.#options = options;
  }

  get process(): GuestProcess {
    if (this.#process === undefined) throw new Error('The engine was not started');
    return this.#process;
  }

  get report(): EngineReport {
    if (this.#report === undefined) throw new Error('The engine was not ready');
    return this.#report;
  }

  async docker(args: readonly string[], options: Pick<CommandOptions, 'input'> = {}): Promise<CommandResult> {
    return await this.guest.run(this.guest.docker, ['--host', `unix://${this.socketPath}`, ...args], options);
  }

  async must(args: readonly string[], options: Pick<CommandOptions, 'input'> = {}): Promise<string> {
    const { code, stdout, stderr } = await this.docker(args, options);
    if (code === 0) return stdout;
    throw new Error(
      `Cannot run "docker ${args.join(' ')}": exit code ${code}\n${stdout}\n${stderr}\nThe engine said:\n${this.#said()}`,
    );
  }

  async restart(engine: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.stop();
    const settings = {
      dataRoot: join(this.dataRoot, 'engine'),
      runRoot: '/run/berth',
      socketPath: this.socketPath,
      traceSteps: this.steps,
      ...this.#options.engine,
      ...engine,
    };
    await this.guest.must('mkdir', ['-p', this.dataRoot]);
    this.#report = undefined;
    this.#process = this.guest.start(this.guest.node, [...NODE_OPTIONS, CHILD, JSON.stringify(settings)], {
      cwd: '/',
    });
    await this.#untilReady(this.#process);
  }

  async #untilReady(process: GuestProcess): Promise<void> {
    const deadline = performance.now() + START_MS;
    while (this.#report === undefined) {
      this.#options.signal?.throwIfAborted();
      const line = lines(process.stdout()).find((one) => one.startsWith('{"address"'));
      if (line !== undefined) this.#report = JSON.parse(line) as EngineReport;
      else if (process.ended !== undefined || performance.now() > deadline)
        throw new Error(`The engine did not become ready (${process.ended}):\n${this.#said()}`);
      else await sleep(50);
    }
  }

  async stop(): Promise<void> {
    if (this.#process === undefined) return;
    this.#process.kill('SIGTERM');
    await this.#process.exited();
  }

  #said(): string {
    const all = (this.#process?.stdout() ?? '') + (this.#process?.stderr() ?? '');
    return all.split('\n').slice(-30).join('\n');
  }
}

/** Whole ones only. */
function lines(text: string): readonly string[] {
  return text.split('\n').slice(0, -1);
}
