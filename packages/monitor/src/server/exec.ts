import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { startTimeOf } from '@berth/linux';
import type { OciProcess, Runtime } from '@berth/runtime';
import type { ProcessExit, RunningProcess } from '../interface.ts';
import { execPaths } from '../paths.ts';
import {
  fromPlainExit,
  type KeptDescriptor,
  type ProcessName,
  type StartedProcess,
  toPlainExit,
} from '../protocol/messages.ts';
import { exitCodeOf } from './exit-code.ts';
import type { Host } from './host.ts';
import { makeProcess } from './make-process.ts';
import { NO_LOG } from './output-recorder.ts';
import { ProcessStreams } from './process-streams.ts';
import { type Ending, signalExactly } from './reaper.ts';
import { type ExecState, makeFolder, readState, writeState } from './state-file.ts';
import { reopenStdio } from './stdio-fifos.ts';

export interface ExecOptions {
  readonly id: string;
  readonly execId: string;
  readonly process: OciProcess;
  readonly openStdin: boolean;
}

/** Another process in a container: as init, without a log. */
export class Exec {
  readonly #host: Host;
  readonly #streams: ProcessStreams;
  #state: ExecState;
  readonly #ended = Promise.withResolvers<boolean>();

  private constructor(host: Host, state: ExecState) {
    this.#host = host;
    this.#state = state;
    this.#streams = new ProcessStreams({
      sink: NO_LOG,
      isTerminal: state.terminal,
      endsInputOnce: true,
      onInputEnded: () => {
        this.#remember({ isInputEnded: true });
        host.inputEnded({ id: state.id, execId: state.execId });
      },
      onFault: (error, what) => host.fault(error, `${what} (exec "${state.execId}")`),
    });
  }

  /** Throws what `Runtime.exec` throws; then nothing is left. */
  static async start(host: Host, runtime: Runtime, options: ExecOptions): Promise<Exec> {
    const { id, execId, openStdin } = options;
    const paths = execPaths(host.paths, id, execId);
    rmSync(paths.folder, { recursive: true, force: true });
    makeFolder(paths.folder);
    // Said always: otherwise it would be ours, and we are protected.
    const process: OciProcess = { oomScoreAdj: 0, ...options.process };
    const { terminal, consoleSize } = process;
    try {
      const made = await makeProcess({
        paths: host.paths,
        files: paths,
        terminal,
        openStdin,
        ...(consoleSize === undefined
          ? {}
          : { consoleSize: [consoleSize.height, consoleSize.width] as const }),
        run: (stdio) => runtime.exec(id, { process, ...stdio }),
      });
      const self = new Exec(host, { id, execId, terminal, openStdin, isInputEnded: !openStdin });
      self.#started(made.pid, made.descriptors);
      return self;
    } catch (error) {
      await rm(paths.folder, { recursive: true, force: true });
      for (const client of host.takeWaiting({ id, execId })) client.end({ hasExit: false });
      throw error;
    }
  }

  static async adopt(host: Host, name: Required<ProcessName>): Promise<Exec | undefined> {
    const paths = execPaths(host.paths, name.id, name.execId);
    const state = readState<ExecState>(paths.state);
    if (state === undefined) {
      await rm(paths.folder, { recursive: true, force: true });
      return undefined;
    }
    const self = new Exec(host, state);
    const { pid = 0, startTime = '', terminal, isInputEnded } = state;
    if (state.exit !== undefined) {
      self.#streams.close();
      self.#ended.resolve(false);
      return self;
    }
    if (!terminal) self.#streams.open(reopenStdio(paths, { hasInput: !isInputEnded }));
    host.reaper.watchStranger(pid, startTime, (ending) => self.#onEnd(ending));
    return self;
  }

  get isRunning(): boolean {
    return this.#state.exit === undefined;
  }

  get exit(): ProcessExit | undefined {
    return this.#state.exit === undefined ? undefined : fromPlainExit(this.#state.exit);
  }

  get running(): RunningProcess | undefined {
    const { id, execId, pid, startedAt } = this.#state;
    if (pid === undefined || startedAt === undefined || !this.isRunning) return undefined;
    return { id, execId, pid, startedAt: new Date(startedAt) };
  }

  get streams(): ProcessStreams {
    return this.#streams;
  }

  get started(): StartedProcess {
    return { pid: this.#state.pid ?? 0, descriptors: this.#streams.descriptors };
  }

  /** When it is over, and whether an engine was there to be told. */
  get ended(): Promise<boolean> {
    return this.#ended.promise;
  }

  /** Its files. */
  async remove(): Promise<void> {
    const { id, execId } = this.#state;
    await rm(execPaths(this.#host.paths, id, execId).folder, { recursive: true, force: true });
  }

  kill(signal: number): void {
    const { pid, startTime } = this.#state;
    if (this.isRunning && pid !== undefined && startTime !== undefined) signalExactly(pid, startTime, signal);
  }

  #started(pid: number, descriptors: readonly KeptDescriptor[]): void {
    const startTime = startTimeOf(pid);
    this.#remember({
      pid,
      startedAt: new Date().toISOString(),
      ...(startTime === undefined ? {} : { startTime }),
    });
    this.#streams.open(descriptors);
    const { id, execId } = this.#state;
    for (const client of this.#host.takeWaiting({ id, execId })) this.#streams.attach(client);
    this.#host.reaper.watchChild(pid, (ending) => this.#onEnd(ending));
  }

  #onEnd(ending: Ending): void {
    this.#finish(ending).catch((error: unknown) =>
      this.#host.fault(error, `end exec "${this.#state.execId}"`),
    );
  }

  async #finish(ending: Ending): Promise<void> {
    const finishedAt = new Date();
    await this.#streams.drain();
    const { id, execId } = this.#state;
    const exit: ProcessExit = { id, execId, exitCode: exitCodeOf(ending), isOomKilled: false, finishedAt };
    try {
      this.#remember({ exit: toPlainExit(exit), isInputEnded: true });
    } catch (error) {
      this.#host.fault(error, `write down the end of exec "${execId}"`);
    }
    const wasTold = this.#host.exited(exit);
    this.#streams.close();
    this.#ended.resolve(wasTold);
  }

  #remember(change: Partial<ExecState>): void {
    this.#state = { ...this.#state, ...change };
    writeState(execPaths(this.#host.paths, this.#state.id, this.#state.execId).state, this.#state);
  }
}
