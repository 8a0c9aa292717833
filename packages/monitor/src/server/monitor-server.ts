import { closeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { duplicateFd, openPidfd } from '@berth/linux/supervision';
import type { Runtime, RuntimeProgram } from '@berth/runtime';
import { openRuntime } from '@berth/runtime/supervision';
import { MonitorError } from '../errors.ts';
import type { ProcessExit } from '../interface.ts';
import { containerPaths, type MonitorPaths } from '../paths.ts';
import type {
  KeptDescriptor,
  ProcessDescriptors,
  ProcessName,
  Requests,
  RequestType,
} from '../protocol/messages.ts';
import { type PlainExit, toPlainExit } from '../protocol/messages.ts';
import type { AttachedClient } from './attached-client.ts';
import { Container } from './container.ts';
import type { Exec } from './exec.ts';
import type { Host } from './host.ts';
import { InFlight } from './in-flight.ts';
import { Reaper } from './reaper.ts';
import { recoverOutput } from './recover-output.ts';
import { type ContainerState, namesIn, readState } from './state-file.ts';
import { sweepCalls } from './sweep-calls.ts';

export interface MonitorServerOptions {
  readonly paths: MonitorPaths;
  /** @returns whether anybody was there to be told */
  readonly onExit: (exit: PlainExit) => boolean;
  readonly onInputEnded: (name: ProcessName) => void;
  readonly onFault: (error: unknown, what: string) => void;
  readonly onShutDown: () => void;
}

type Handlers = {
  readonly [Type in Exclude<RequestType, 'attach' | 'watch'>]: (
    ask: Requests[Type]['ask'],
    /** Who asks. */
    from: object,
  ) => Promise<Requests[Type]['result']> | Requests[Type]['result'];
};

/** An engine whose monitor died between create and start asks for the start again. */
const START_PATIENCE_MS = 30_000;

/** What the monitor does, whoever asks: sockets and lines are elsewhere. */
export class MonitorServer implements Host {
  readonly paths: MonitorPaths;
  readonly reaper = new Reaper();
  readonly inFlight: InFlight;
  readonly #options: MonitorServerOptions;
  readonly #containers = new Map<string, Container>();
  /** Being made or forgotten: the next who asks for the id waits. */
  readonly #busy = new Map<string, Promise<unknown>>();
  readonly #waiting = new Map<string, Set<AttachedClient>>();
  /** Who made what was not started yet. */
  readonly #makers = new Map<string, object>();
  readonly #runtimes = new Map<string, Runtime>();

  private constructor(options: MonitorServerOptions, inFlight: InFlight) {
    this.#options = options;
    this.paths = options.paths;
    this.inFlight = inFlight;
  }

  /** Takes over all that another monitor has left in the folder. */
  static async open(options: MonitorServerOptions): Promise<MonitorServer> {
    const { inFlight, pending } = InFlight.open(options.paths.inFlight);
    if (pending !== undefined) {
      const paths = containerPaths(options.paths, pending.id);
      const state = readState<ContainerState>(paths.state);
      if (state !== undefined) recoverOutput(pending, { folder: paths.folder, log: state.container.log });
      inFlight.clear();
    }
    const self = new MonitorServer(options, inFlight);
    for (const id of namesIn(options.paths.containers)) await self.#adopt(id);
    sweepCalls(`${options.paths.runtime}.calls`, {
      known: new Set(self.#everyProcess().map(({ started }) => started.pid)),
      containers: new Set(self.#containers.keys()),
    });
    return self;
  }

  readonly handlers: Handlers = {
    create: async ({ container, runtime }, from) => {
      const { id } = container;
      this.#makers.set(id, from);
      return await this.#alone(id, async () => {
        const before = this.#containers.get(id);
        if (before !== undefined) await before.forget({});
        this.#containers.delete(id);
        const made = await Container.create(this, container, runtime);
        this.#containers.set(id, made);
        return made.started;
      });
    },
    start: async ({ id }) => {
      await this.#container(id).start();
      this.#makers.delete(id);
      return null;
    },
    exec: async ({ id, execId, process, openStdin }) =>
      await this.#container(id).exec(execId, process, openStdin),
    resize: ({ id, execId, columns, rows }) => {
      this.#process({ id, ...(execId === undefined ? {} : { execId }) }).streams.resize({ columns, rows });
      return null;
    },
    kill: async ({ id, execId, signal, all }) => {
      if (execId === undefined) await this.#container(id).kill(signal, all === undefined ? {} : { all });
      else this.#exec(id, execId).kill(signal);
      return null;
    },
    pause: async ({ id }) => {
      await this.#container(id).pause();
      return null;
    },
    resume: async ({ id }) => {
      await this.#container(id).resume();
      return null;
    },
    pids: async ({ id }) => await this.#container(id).pids(),
    list: () => ({
      running: this.#everyProcess().flatMap(({ running }) =>
        running === undefined ? [] : [{ ...running, startedAt: running.startedAt.toISOString() }],
      ),
      exited: this.#exits(),
    }),
    forget: async ({ id, force }) => {
      await this.#alone(id, async () => {
        this.#makers.delete(id);
        const container = this.#containers.get(id);
        if (container === undefined)
          await rm(containerPaths(this.paths, id).folder, { recursive: true, force: true });
        else await container.forget(force === undefined ? {} : { force });
        this.#containers.delete(id);
      });
      return null;
    },
    descriptors: () =>
      this.#everyNamed().flatMap(({ name, process }) =>
        process.isRunning ? [{ ...name, descriptors: process.streams.descriptors }] : [],
      ),
    kept: (name) => {
      const streams = this.#find(name)?.streams;
      streams?.kept();
      // Said before it was copied, it would have been missed.
      if (streams?.hasInput === false) this.inputEnded(nameOf(name));
      return null;
    },
    offer: ({ pid, processes }) => {
      this.#takeOffered(pid, processes);
      return null;
    },
    shutDown: () => {
      const running = this.#everyProcess().filter(({ isRunning }) => isRunning).length;
      if (running > 0)
        throw new MonitorError('MONITOR_BUSY', `Cannot end the monitor: ${running} processes run`, {
          hint: 'Stop the containers first',
          detail: { running },
        });
      this.#options.onShutDown();
      return null;
    },
  };

  /** Whether nothing runs, and nothing is being made. What has ended is on the disk for the next monitor. */
  get isIdle(): boolean {
    return this.#busy.size === 0 && !this.#everyProcess().some(({ isRunning }) => isRunning);
  }

  /** Those that nobody forgot, for an engine that has just come. */
  tellExits(): PlainExit[] {
    const exits = this.#exits();
    for (const container of this.#containers.values())
      for (const execId of container.execs.keys()) container.dropExec(execId);
    return exits;
  }

  /** An engine has gone: what it made and did not start will not be started by anybody. */
  left(from: object): void {
    for (const [id, maker] of this.#makers) {
      if (maker !== from) continue;
      this.#makers.delete(id);
      const forgotten = this.#alone(id, async () => {
        await this.#containers.get(id)?.forget({ force: true });
        this.#containers.delete(id);
      });
      forgotten.catch((error: unknown) =>
        this.fault(error, `remove container "${id}", which was not started`),
      );
    }
  }

  /** Joins a client to a process, now or when it is made. */
  attach(name: ProcessName, client: AttachedClient): void {
    const found = this.#find(name);
    if (found?.isRunning === true) {
      found.streams.attach(client);
      return;
    }
    const key = keyOf(name);
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(client));
  }

  /** Whether output of the process may be there already. */
  hasStarted(name: ProcessName): boolean {
    return this.#find(name)?.running !== undefined;
  }

  /** A client that waited has gone. */
  stopWaiting(name: ProcessName, client: AttachedClient): void {
    const key = keyOf(name);
    const waiting = this.#waiting.get(key);
    waiting?.delete(client);
    if (waiting?.size === 0) this.#waiting.delete(key);
  }

  runtime(program: RuntimeProgram): Runtime {
    const runtime =
      this.#runtimes.get(program.path) ?? openRuntime({ program, stateRoot: this.paths.runtime });
    this.#runtimes.set(program.path, runtime);
    return runtime;
  }

  takeWaiting(name: ProcessName): readonly AttachedClient[] {
    const key = keyOf(name);
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    return waiting === undefined ? [] : [...waiting];
  }

  exited(exit: ProcessExit): boolean {
    return this.#options.onExit(toPlainExit(exit));
  }

  inputEnded(name: ProcessName): void {
    this.#options.onInputEnded(name);
  }

  fault(error: unknown, what: string): void {
    this.#options.onFault(error, what);
  }

  #exits(): PlainExit[] {
    return this.#everyProcess().flatMap(({ exit }) => (exit === undefined ? [] : [toPlainExit(exit)]));
  }

  async #adopt(id: string): Promise<void> {
    try {
      const container = await Container.adopt(this, id);
      if (container !== undefined) this.#containers.set(id, container);
      if (container?.isWaiting === true) this.#removeUnlessStarted(id);
    } catch (error) {
      this.fault(error, `adopt container "${id}"`);
    }
  }

  /** Whoever made it may come back; after that nobody will start it. */
  #removeUnlessStarted(id: string): void {
    const maker = {};
    this.#makers.set(id, maker);
    setTimeout(() => this.left(maker), START_PATIENCE_MS).unref();
  }

  /** One after another for an id. */
  async #alone<T>(id: string, act: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(id);
    const turn = (async () => {
      await before?.catch(() => {});
      return await act();
    })();
    this.#busy.set(id, turn);
    try {
      return await turn;
    } finally {
      if (this.#busy.get(id) === turn) this.#busy.delete(id);
    }
  }

  #takeOffered(pid: number, processes: readonly ProcessDescriptors[]): void {
    const pidfd = openPidfd(pid);
    try {
      for (const { descriptors, ...name } of processes) {
        const found = this.#find(name);
        // Of what has a path, our own ends are open already.
        if (found === undefined || !found.isRunning || found.streams.hasTerminal) continue;
        const terminals = descriptors.filter(({ role }) => role === 'terminal');
        const copies: KeptDescriptor[] = terminals.map(({ role, fd }) => ({
          role,
          fd: duplicateFd(pidfd, fd),
        }));
        found.streams.open(copies);
      }
    } finally {
      closeSync(pidfd);
    }
  }

  #container(id: string): Container {
    const found = this.#containers.get(id);
    if (found !== undefined) return found;
    throw new MonitorError('CONTAINER_UNKNOWN', `Cannot find container "${id}" in the monitor`);
  }

  #exec(id: string, execId: string): Exec {
    const found = this.#container(id).execs.get(execId);
    if (found !== undefined) return found;
    throw new MonitorError('CONTAINER_UNKNOWN', `Cannot find exec "${execId}" of container "${id}"`);
  }

  #process({ id, execId }: ProcessName): Container | Exec {
    return execId === undefined ? this.#container(id) : this.#exec(id, execId);
  }

  #find({ id, execId }: ProcessName): Container | Exec | undefined {
    const container = this.#containers.get(id);
    return execId === undefined ? container : container?.execs.get(execId);
  }

  #everyProcess(): (Container | Exec)[] {
    return this.#everyNamed().map(({ process }) => process);
  }

  #everyNamed(): { readonly name: ProcessName; readonly process: Container | Exec }[] {
    return [...this.#containers.values()].flatMap((container) => [
      { name: { id: container.id }, process: container },
      ...[...container.execs].map(([execId, exec]) => ({
        name: { id: container.id, execId },
        process: exec,
      })),
    ]);
  }
}

function nameOf({ id, execId }: ProcessName): ProcessName {
  return { id, ...(execId === undefined ? {} : { execId }) };
}

function keyOf({ id, execId }: ProcessName): string {
  return `${id}\n${execId ?? ''}`;
}
