import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import type { CreateOptions, ExecOptions, Runtime, RuntimeProgram } from '../interface.ts';
import { cgroupPids, killCgroup, removeCgroups } from './cgroups.ts';
import { refuseHostileRoot } from './check-root.ts';
import { PID_FILE, type ProgramCall, runProgram } from './run-program.ts';
import { cgroupsOfBundle, readRuntimeState } from './runtime-state.ts';
import { startByFifo } from './start-fifo.ts';

export interface OpenRuntimeOptions {
  readonly program: RuntimeProgram;
  /** Where the runtime keeps what it knows; made when it is not there. On a tmpfs, as containers end with the machine. */
  readonly stateRoot: string;
}

/** Calls of one runtime program. Cheap to make, holds nothing open. */
export function openRuntime(options: OpenRuntimeOptions): Runtime {
  mkdirSync(options.stateRoot, { recursive: true, mode: 0o700 });
  return new ProgramRuntime(options);
}

/**
 * A process of the runtime costs 10 to 25 ms, so it is started where only it knows how (create, exec, pause), and files that it
 * keeps are read where that is enough. Where they cannot be read the program is asked.
 */
class ProgramRuntime implements Runtime {
  readonly program: RuntimeProgram;
  readonly #stateRoot: string;
  #execs = 0;

  constructor({ program, stateRoot }: OpenRuntimeOptions) {
    this.program = program;
    this.#stateRoot = stateRoot;
  }

  async create(id: string, options: CreateOptions): Promise<number> {
    const { bundle, consoleSocket, stdio, onSpawn, signal } = options;
    refuseHostileRoot(bundle);
    try {
      return pidOf(
        await this.#run({
          verb: 'create',
          args: [
            ...['create', '--bundle', bundle, '--pid-file', PID_FILE],
            ...consoleArguments(consoleSocket),
            id,
          ],
          stdio,
          ...(onSpawn === undefined ? {} : { onSpawn }),
          ...(signal === undefined ? {} : { signal }),
        }),
      );
    } catch (error) {
      // Killed in the middle it leaves processes, a cgroup and its state; after a failure of its own, nothing.
      if (signal?.aborted) await this.delete(id, { bundle });
      throw error;
    }
  }

  async start(id: string): Promise<void> {
    if (await startByFifo(this.#stateRoot, id)) return;
    await this.#run({ verb: 'start', args: ['start', id] });
  }

  async exec(id: string, options: ExecOptions): Promise<number> {
    const { process: spec, consoleSocket, stdio, signal } = options;
    const file = join(this.#stateRoot, id, `exec-${process.pid}-${++this.#execs}.json`);
    try {
      writeFileSync(file, JSON.stringify(spec), { mode: 0o600 });
      return pidOf(
        await this.#run({
          verb: 'exec',
          args: [
            ...['exec', '--detach', '--process', file, '--pid-file', PID_FILE],
            ...consoleArguments(consoleSocket),
            id,
          ],
          stdio,
          ...(signal === undefined ? {} : { signal }),
        }),
      );
    } finally {
      rmSync(file, { force: true });
    }
  }

  async kill(id: string, signal: number, options: { readonly all?: boolean } = {}): Promise<void> {
    const state = readRuntimeState(this.#stateRoot, id);
    if (state === undefined) {
      if (!this.#knows(id)) return;
      return void (await this.#run({
        verb: 'kill',
        args: ['kill', ...(options.all === true ? ['--all'] : []), id, String(signal)],
      }));
    }
    const pids = options.all === true ? state.cgroupFolders.flatMap(cgroupPids) : [state.pid];
    for (const pid of new Set(pids)) sendSignal(pid, signal);
  }

  async pause(id: string): Promise<void> {
    await this.#run({ verb: 'pause', args: ['pause', id] });
  }

  async resume(id: string): Promise<void> {
    await this.#run({ verb: 'resume', args: ['resume', id] });
  }

  async pids(id: string): Promise<readonly number[]> {
    const state = readRuntimeState(this.#stateRoot, id);
    return [...new Set(state?.cgroupFolders.flatMap(cgroupPids) ?? [])].sort((a, b) => a - b);
  }

  async delete(id: string, options: { readonly bundle?: string } = {}): Promise<void> {
    const state = readRuntimeState(this.#stateRoot, id);
    const folders =
      state?.cgroupFolders ?? (options.bundle === undefined ? undefined : cgroupsOfBundle(options.bundle));
    if (folders !== undefined) {
      await killCgroup(folders);
      if (await removeCgroups(folders)) {
        await rm(join(this.#stateRoot, id), { recursive: true, force: true });
        return;
      }
    }
    if (this.#knows(id)) await this.#run({ verb: 'delete', args: ['delete', '--force', id] });
  }

  /** A folder without readable state is left by a create that was killed at its start. */
  #knows(id: string): boolean {
    return existsSync(join(this.#stateRoot, id));
  }

  #run(call: ProgramCall): Promise<number | undefined> {
    return runProgram({ program: this.program, stateRoot: this.#stateRoot }, call);
  }
}

function consoleArguments(path: string | undefined): string[] {
  return path === undefined ? [] : ['--console-socket', path];
}

function pidOf(pid: number | undefined): number {
  if (pid === undefined) throw new Error('A pid was asked for and is not there');
  return pid;
}

function sendSignal(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!hasCode(error) || error.code !== 'ESRCH') throw error;
  }
}
