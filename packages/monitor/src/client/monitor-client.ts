import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromPlainError, hasCode } from '@berth/errors';
import type { OciProcess } from '@berth/runtime';
import { MonitorError } from '../errors.ts';
import type {
  AttachedStreams,
  Monitor,
  MonitoredContainer,
  ProcessExit,
  RunningProcess,
  StartMonitorOptions,
} from '../interface.ts';
import { type MonitorPaths, monitorPaths } from '../paths.ts';
import {
  fromPlainExit,
  type MonitorEvent,
  type PlainExit,
  type ProcessName,
  type Requests,
  type RequestType,
  type StartedProcess,
} from '../protocol/messages.ts';
import { openAttachedStreams } from './attached-streams.ts';
import { connectMonitor, type Greeted, RequestConnection } from './connection.ts';
import { ExitQueue } from './exit-queue.ts';
import { KeptFiles } from './kept-files.ts';
import { spawnMonitor } from './spawn-monitor.ts';

const RETRY_MS = [0, 50, 200, 1000] as const;
/** Asked twice they do what they do once, so a monitor that is lost meanwhile is nothing to tell of. */
const REPEATABLE: ReadonlySet<RequestType> = new Set(['list', 'pids', 'resize', 'forget']);
const MAX_ATTEMPTS = 5;
const END_PATIENCE_MS = 3000;
/** The end of a stream and the exit come on two connections. */
const EXIT_AFTER_END_MS = 2000;

/** Connects, starting a monitor when there is none. */
export async function openMonitorClient(options: StartMonitorOptions): Promise<Monitor> {
  const client = new MonitorClient(options);
  try {
    await client.connect(options.signal);
    return client;
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * An engine's side. The connection comes back by itself: calls that were under way when it was lost fail with
 * `MONITOR_LOST`, later ones wait for it, exits and attached streams go on.
 */
class MonitorClient implements Monitor {
  readonly #options: StartMonitorOptions;
  readonly #paths: MonitorPaths;
  readonly #exits = new ExitQueue();
  readonly #kept: KeptFiles;
  #connection: RequestConnection | undefined;
  #connecting: Promise<RequestConnection> | undefined;
  #pid = 0;
  readonly #closing = new AbortController();

  constructor(options: StartMonitorOptions) {
    this.#options = options;
    this.#paths = monitorPaths(options.runRoot);
    this.#kept = new KeptFiles(this.#paths);
  }

  get pid(): number {
    return this.#pid;
  }

  async connect(signal?: AbortSignal): Promise<RequestConnection> {
    if (this.#connection !== undefined) return this.#connection;
    this.#connecting ??= this.#reconnect(signal).finally(() => {
      this.#connecting = undefined;
    });
    return await this.#connecting;
  }

  async create(container: MonitoredContainer): Promise<number> {
    const { id } = container;
    this.#exits.begin({ id });
    const made = await this.#ask('create', { container, runtime: this.#options.runtime });
    return this.#keep({ id }, made);
  }

  async start(id: string): Promise<void> {
    await this.#ask('start', { id });
  }

  async exec(
    id: string,
    options: { readonly execId: string; readonly process: OciProcess; readonly openStdin: boolean },
  ): Promise<number> {
    const { execId } = options;
    this.#exits.begin({ id, execId });
    return this.#keep({ id, execId }, await this.#ask('exec', { id, ...options }));
  }

  async attach(id: string, options: Parameters<Monitor['attach']>[1]): Promise<AttachedStreams> {
    const { execId, stdin, stdout, stderr, signal } = options;
    const name = nameOf(id, execId);
    return await openAttachedStreams({
      connect: () => this.#connectStream(),
      request: { ...name, stdin, stdout, stderr },
      isRunning: async () => {
        if (this.#closing.signal.aborted) return false;
        const { running } = await this.list();
        return running.some((one) => one.id === id && one.execId === execId);
      },
      onEnd: () => this.#exits.told(name, EXIT_AFTER_END_MS),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async resize(
    id: string,
    size: { readonly columns: number; readonly rows: number; readonly execId?: string },
  ): Promise<void> {
    await this.#ask('resize', { id, ...size });
  }

  async kill(
    id: string,
    options: { readonly signal: number; readonly execId?: string; readonly all?: boolean },
  ): Promise<void> {
    await this.#ask('kill', { id, ...options });
  }

  async pause(id: string): Promise<void> {
    await this.#ask('pause', { id });
  }

  async resume(id: string): Promise<void> {
    await this.#ask('resume', { id });
  }

  async pids(id: string): Promise<readonly number[]> {
    return await this.#ask('pids', { id });
  }

  async list(): Promise<{
    readonly running: readonly RunningProcess[];
    readonly exited: readonly ProcessExit[];
  }> {
    const { running, exited } = await this.#ask('list', {});
    return {
      running: running.map((one) => ({ ...one, startedAt: new Date(one.startedAt) })),
      exited: exited.map(fromPlainExit),
    };
  }

  async forget(id: string, options: { readonly force?: boolean } = {}): Promise<void> {
    await this.#ask('forget', { id, ...options });
    this.#exits.forget(id);
    this.#kept.drop({ id });
  }

  exits(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<ProcessExit> {
    return this.#exits.read(options.signal);
  }

  async shutDown(): Promise<void> {
    const { pid } = this;
    await this.#ask('shutDown', {});
    // Lost now on purpose: nothing is to be started again.
    await this[Symbol.asyncDispose]();
    await untilGone(pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(
      new MonitorError('MONITOR_CLOSED', 'Cannot ask the monitor: the connection was closed'),
    );
    this.#connection?.close();
    this.#connection = undefined;
    this.#exits.close();
    this.#kept[Symbol.dispose]();
  }

  async #ask<Type extends RequestType>(
    type: Type,
    values: Requests[Type]['ask'],
  ): Promise<Requests[Type]['result']> {
    for (let attempt = 1; ; attempt++) {
      this.#closing.signal.throwIfAborted();
      const connection = await this.connect();
      try {
        return await connection.ask(type, values);
      } catch (error) {
        const isLost = hasCode(error) && error.code === 'MONITOR_LOST';
        if (!isLost || !REPEATABLE.has(type) || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  #keep(name: ProcessName, { pid, descriptors }: StartedProcess): number {
    this.#kept.keep(name, descriptors);
    // It may have ended while its answer was on the way.
    if (this.#exits.hasTold(name)) this.#kept.drop(name);
    // Nobody waits for the answer: a monitor that is lost closes its files anyway.
    this.#connection?.ask('kept', name).catch(() => {});
    return pid;
  }

  async #connectStream(): Promise<Greeted> {
    for (;;) {
      this.#closing.signal.throwIfAborted();
      await this.connect();
      const greeted = await connectMonitor(this.#paths.socket);
      if (greeted !== undefined) return greeted;
      // Gone in between: the other connection learns of it in a moment.
      await sleep(10);
    }
  }

  async #reconnect(signal: AbortSignal | undefined): Promise<RequestConnection> {
    let failure: unknown;
    for (const waitMs of RETRY_MS) {
      signal?.throwIfAborted();
      this.#closing.signal.throwIfAborted();
      await sleep(waitMs);
      try {
        const greeted = await this.#connectOrStart(signal);
        if (greeted !== undefined) return await this.#greeted(greeted);
      } catch (error) {
        if (hasCode(error) && error.code !== 'MONITOR_START_FAILED' && error.code !== 'MONITOR_LOST')
          throw error;
        failure = error;
      }
    }
    throw failure ?? new MonitorError('MONITOR_START_FAILED', 'Cannot reach the monitor that was started');
  }

  async #connectOrStart(signal: AbortSignal | undefined): Promise<Greeted | undefined> {
    const running = await connectMonitor(this.#paths.socket);
    if (running !== undefined) return running;
    await spawnMonitor(this.#options.runRoot, this.#paths, signal === undefined ? {} : { signal });
    return await connectMonitor(this.#paths.socket);
  }

  /** A monitor after a loss is given back what we kept; one that is new to us lets us have copies of what it has. */
  async #greeted(greeted: Greeted): Promise<RequestConnection> {
    const connection = new RequestConnection(greeted, {
      onEvent: (event) => this.#told(event),
      onClose: () => this.#lost(connection),
    });
    const isReplaced = this.#pid !== 0 && this.#pid !== connection.pid;
    this.#kept.follow(connection.pid);
    if (isReplaced) await connection.ask('offer', { pid: process.pid, processes: this.#kept.all() });
    for (const { descriptors, ...name } of await connection.ask('descriptors', {})) {
      this.#kept.keep(name, descriptors);
      await connection.ask('kept', name);
    }
    for (const exit of await connection.ask('watch', {})) this.#exited(exit);
    this.#pid = connection.pid;
    this.#connection = connection;
    if (isReplaced) this.#options.onReplaced?.();
    return connection;
  }

  #lost(connection: RequestConnection): void {
    if (this.#connection === connection) this.#connection = undefined;
    if (this.#closing.signal.aborted) return;
    // Not when somebody asks, but now: containers wait for their output to be read.
    this.connect().catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.#options.onFault?.(error, 'start the monitor again');
    });
  }

  #told(event: MonitorEvent): void {
    if (event.event === 'exit') this.#exited(event.exit);
    else if (event.event === 'inputEnded') this.#kept.dropInput(event.name);
    else this.#options.onFault?.(fromPlainError(event.error), `monitor: ${event.what}`);
  }

  #exited(plain: PlainExit): void {
    this.#kept.drop(nameOf(plain.id, plain.execId));
    this.#exits.push(fromPlainExit(plain));
  }
}

/** A monitor that we started is our child until Node has seen it end; any other is gone at once. */
async function untilGone(pid: number): Promise<void> {
  const deadline = performance.now() + END_PATIENCE_MS;
  while (existsSync(`/proc/${pid}`) && performance.now() < deadline) await sleep(5);
}

function nameOf(id: string, execId: string | undefined): ProcessName {
  return { id, ...(execId === undefined ? {} : { execId }) };
}
