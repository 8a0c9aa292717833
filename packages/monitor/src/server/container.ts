import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTimeOf } from '@berth/linux';
import { readMemoryEvents } from '@berth/linux/supervision';
import type { OciProcess, Runtime, RuntimeProgram } from '@berth/runtime';
import { readRuntimeState } from '@berth/runtime/supervision';
import { MonitorError } from '../errors.ts';
import type { MonitoredContainer, ProcessExit, RunningProcess } from '../interface.ts';
import { containerPaths } from '../paths.ts';
import {
  fromPlainExit,
  type KeptDescriptor,
  type StartedProcess,
  toPlainExit,
} from '../protocol/messages.ts';
import { Exec } from './exec.ts';
import { exitCodeOf } from './exit-code.ts';
import type { Host } from './host.ts';
import { makeProcess } from './make-process.ts';
import { openRecorder } from './output-recorder.ts';
import { ProcessStreams } from './process-streams.ts';
import { type Ending, signalExactly } from './reaper.ts';
import { type ContainerState, makeFolder, namesIn, readState, writeState } from './state-file.ts';
import { reopenStdio } from './stdio-fifos.ts';

/**
 * One container: its init, its execs, its log.
 *
 * The order at its end: everything that it wrote is in the log, the exit is on the disk, engines are told, attached clients
 * see the end. Whoever is told can look.
 */
export class Container {
  readonly id: string;
  readonly execs = new Map<string, Exec>();
  readonly #host: Host;
  readonly #runtime: Runtime;
  readonly #streams: ProcessStreams;
  #state: ContainerState;
  /** Where the kernel counts kills for want of memory; asked when init has ended, while the cgroup is still there. */
  #memoryFolder: string | undefined;
  #hasPidNamespace = true;
  #removal: Promise<void> | undefined;
  readonly #ended = Promise.withResolvers<void>();

  private constructor(host: Host, state: ContainerState) {
    const { container } = state;
    this.id = container.id;
    this.#host = host;
    this.#state = state;
    this.#runtime = host.runtime(state.runtime);
    this.#streams = new ProcessStreams({
      sink: openRecorder({
        id: this.id,
        folder: this.#paths.folder,
        log: container.log,
        inFlight: host.inFlight,
        onFault: (error, what) => host.fault(error, what),
      }),
      isTerminal: container.terminal,
      endsInputOnce: container.stdinOnce,
      onInputEnded: () => {
        this.#remember({ isInputEnded: true });
        host.inputEnded({ id: this.id });
      },
      onFault: (error, what) => host.fault(error, `${what} ("${this.id}")`),
    });
  }

  /** Makes stdio and init. After a failure nothing is left. Throws what `Runtime.create` throws. */
  static async create(
    host: Host,
    container: MonitoredContainer,
    runtime: RuntimeProgram,
  ): Promise<Container> {
    const paths = containerPaths(host.paths, container.id);
    rmSync(paths.folder, { recursive: true, force: true });
    makeFolder(paths.folder);
    const creating: ContainerState = {
      phase: 'creating',
      container,
      runtime,
      isInputEnded: !container.openStdin,
    };
    writeState(paths.state, creating);
    try {
      const made = await makeProcess({
        paths: host.paths,
        files: paths,
        terminal: container.terminal,
        openStdin: container.openStdin,
        ...(container.consoleSize === undefined ? {} : { consoleSize: container.consoleSize }),
        run: (options) =>
          host.runtime(runtime).create(container.id, {
            bundle: container.bundle,
            onSpawn: (maker) => {
              const startTime = startTimeOf(maker);
              if (startTime !== undefined)
                writeState(paths.state, { ...creating, maker: { pid: maker, startTime } });
            },
            ...options,
          }),
      });
      const self = new Container(host, creating);
      self.#created(made.pid, made.descriptors);
      return self;
    } catch (error) {
      await host.runtime(runtime).delete(container.id, { bundle: container.bundle });
      await rm(paths.folder, { recursive: true, force: true });
      for (const client of host.takeWaiting({ id: container.id })) client.end({ hasExit: false });
      throw error;
    }
  }

  /** Takes over what another monitor has left. @returns `undefined`: it never came to be, and is removed */
  static async adopt(host: Host, id: string): Promise<Container | undefined> {
    const paths = containerPaths(host.paths, id);
    const state = readState<ContainerState>(paths.state);
    if (state === undefined || state.phase === 'creating') {
      if (state !== undefined) await endHalfMade(host, state);
      await rm(paths.folder, { recursive: true, force: true });
      return undefined;
    }
    const self = new Container(host, state);
    if (state.exit === undefined) self.#adoptInit();
    else self.#adoptEnd();
    for (const execId of namesIn(paths.execs)) {
      const exec = await Exec.adopt(host, { id, execId });
      if (exec === undefined) continue;
      self.execs.set(execId, exec);
      exec.ended.then((wasTold) => wasTold && self.dropExec(execId));
    }
    return self;
  }

  get isRunning(): boolean {
    return this.#state.exit === undefined;
  }

  get exit(): ProcessExit | undefined {
    return this.#state.exit === undefined ? undefined : fromPlainExit(this.#state.exit);
  }

  get running(): RunningProcess | undefined {
    const { pid, startedAt } = this.#state;
    if (pid === undefined || startedAt === undefined || !this.isRunning) return undefined;
    return { id: this.id, pid, startedAt: new Date(startedAt) };
  }

  /** Made, and not started yet. */
  get isWaiting(): boolean {
    return this.#state.phase === 'created';
  }

  get streams(): ProcessStreams {
    return this.#streams;
  }

  get started(): StartedProcess {
    return { pid: this.#state.pid ?? 0, descriptors: this.#streams.descriptors };
  }

  /** When `isRunning` is false and its exit was told. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async start(): Promise<void> {
    this.#mustRun();
    await this.#runtime.start(this.id);
    this.#remember({ phase: 'started', startedAt: new Date().toISOString() });
  }

  async exec(execId: string, process: OciProcess, openStdin: boolean): Promise<StartedProcess> {
    this.#mustRun();
    if (this.execs.get(execId)?.isRunning === true) throw running(execId);
    try {
      const exec = await Exec.start(this.#host, this.#runtime, { id: this.id, execId, process, openStdin });
      this.execs.set(execId, exec);
      exec.ended.then((wasTold) => wasTold && this.dropExec(execId));
      return exec.started;
    } catch (error) {
      // The runtime's words for it would be of something that is broken.
      if (!this.#isInitAlive()) throw this.#hasEnded();
      throw error;
    }
  }

  /** An exec that has ended and was told of is forgotten: a container may have one every few seconds. */
  dropExec(execId: string): void {
    const exec = this.execs.get(execId);
    if (exec === undefined || exec.isRunning) return;
    setTimeout(() => {
      if (this.execs.get(execId) !== exec) return;
      this.execs.delete(execId);
      exec.remove().catch((error: unknown) => this.#host.fault(error, `remove exec "${execId}"`));
    }, TOLD_MS).unref();
  }

  async kill(signal: number, options: { readonly all?: boolean }): Promise<void> {
    const { pid, startTime } = this.#state;
    if (options.all === true) return await this.#runtime.kill(this.id, signal, { all: true });
    if (this.isRunning && pid !== undefined && startTime !== undefined) signalExactly(pid, startTime, signal);
  }

  async pause(): Promise<void> {
    this.#mustRun();
    await this.#runtime.pause(this.id);
  }

  async resume(): Promise<void> {
    this.#mustRun();
    await this.#runtime.resume(this.id);
  }

  async pids(): Promise<readonly number[]> {
    return this.isRunning ? await this.#runtime.pids(this.id) : [];
  }

  /** Ends it, and removes all that is known of it. */
  async forget(options: { readonly force?: boolean }): Promise<void> {
    if (this.isRunning) {
      if (options.force !== true)
        throw new MonitorError('CONTAINER_RUNNING', `Cannot forget container "${this.id}": it runs`);
      await this.#runtime.kill(this.id, SIGKILL, { all: true });
      // One that was created and not started has its init outside of what a freezer may hold; a paused one is thawed here.
      await this.#runtime.delete(this.id);
      await this.ended;
    }
    await this.#removal;
    for (const exec of this.execs.values()) await exec.ended;
    await rm(this.#paths.folder, { recursive: true, force: true });
  }

  get #paths() {
    return containerPaths(this.#host.paths, this.id);
  }

  #created(pid: number, descriptors: readonly KeptDescriptor[]): void {
    const startTime = startTimeOf(pid);
    this.#remember({ phase: 'created', pid, ...(startTime === undefined ? {} : { startTime }) });
    this.#readRuntimeState();
    this.#streams.open(descriptors);
    for (const client of this.#host.takeWaiting({ id: this.id })) this.#streams.attach(client);
    this.#host.reaper.watchChild(pid, (ending) => this.#onEnd(ending));
  }

  #adoptInit(): void {
    const { pid = 0, startTime = '', container, isInputEnded } = this.#state;
    this.#readRuntimeState();
    if (!container.terminal) this.#streams.open(reopenStdio(this.#paths, { hasInput: !isInputEnded }));
    this.#host.reaper.watchStranger(pid, startTime, (ending) => this.#onEnd(ending));
  }

  #adoptEnd(): void {
    this.#streams.close();
    this.#ended.resolve();
    this.#remove();
  }

  #readRuntimeState(): void {
    const known = readRuntimeState(this.#host.paths.runtime, this.id);
    this.#memoryFolder = known?.memoryFolder;
    this.#hasPidNamespace = known?.hasPidNamespace ?? false;
  }

  #onEnd(ending: Ending): void {
    this.#finish(ending).catch((error: unknown) => this.#host.fault(error, `end container "${this.id}"`));
  }

  async #finish(ending: Ending): Promise<void> {
    const finishedAt = new Date();
    // Without a process namespace of its own, what init has started lives on and has the output open.
    if (!this.#hasPidNamespace) await this.#endRest();
    const oomKills =
      this.#memoryFolder === undefined ? 0 : (readMemoryEvents(this.#memoryFolder)?.oomKills ?? 0);
    await this.#streams.drain();
    const exit: ProcessExit = {
      id: this.id,
      exitCode: exitCodeOf(ending),
      isOomKilled: oomKills > 0,
      finishedAt,
    };
    try {
      this.#remember({ phase: 'exited', exit: toPlainExit(exit), isInputEnded: true });
    } catch (error) {
      // No room on the tmpfs: better told and not remembered than neither.
      this.#host.fault(error, `write down the end of "${this.id}"`);
    }
    this.#host.exited(exit);
    this.#streams.close();
    this.#ended.resolve();
    this.#remove();
  }

  /** They are our children now that init is gone, and would stay in the process table. */
  async #endRest(): Promise<void> {
    const pids = await this.#runtime.pids(this.id);
    await this.#runtime.kill(this.id, SIGKILL, { all: true });
    for (const pid of pids) this.#host.reaper.watchChild(pid, () => {});
  }

  /** In the background; a new container of this id waits for it. */
  #remove(): void {
    this.#removal = this.#runtime.delete(this.id).catch((error: unknown) => {
      this.#host.fault(error, `remove what the runtime keeps of "${this.id}"`);
    });
  }

  #remember(change: Partial<ContainerState>): void {
    // In memory first: it is so, whether it can be written or not.
    this.#state = { ...this.#state, ...change };
    writeState(this.#paths.state, this.#state);
  }

  #mustRun(): void {
    if (!this.isRunning) throw this.#hasEnded();
  }

  #hasEnded(): MonitorError {
    return new MonitorError('CONTAINER_ENDED', `Container "${this.id}" has ended`);
  }

  #isInitAlive(): boolean {
    const { pid, startTime } = this.#state;
    return this.isRunning && pid !== undefined && startTimeOf(pid) === startTime;
  }
}

const SIGKILL = 9;
/** An engine that was told how an exec ended may still look at it for so long. */
const TOLD_MS = 5000;

/** The runtime may still be at it: only when it has gone is everything there that it will ever make. */
async function endHalfMade(host: Host, { container, runtime, maker }: ContainerState): Promise<void> {
  if (maker !== undefined) {
    signalExactly(maker.pid, maker.startTime, SIGKILL);
    while (startTimeOf(maker.pid) === maker.startTime) await sleep(5);
  }
  await host.runtime(runtime).delete(container.id, { bundle: container.bundle });
}

function running(id: string): MonitorError {
  return new MonitorError('CONTAINER_RUNNING', `Cannot start "${id}": it runs already`);
}
