/**
 * The monitor: the long-lived parent of all containers of one engine.
 *
 * One process in its own session. It starts containers through the runtime, owns their stdio, writes their logs, sees
 * how they end, and tells engines. Engines come and go; containers run on. Should the monitor itself die, containers
 * run on too, and the next one adopts them: by pidfd, by the FIFOs that are their stdio, and for terminals by the copy
 * of the master that the engine holds (`pidfd_getfd`).
 *
 * It keeps all that it must remember in `<runRoot>/monitor/` (tmpfs: gone with the machine, as containers are):
 *
 *     monitor.sock   monitor.pid   monitor.lock   monitor.log
 *     in-flight              output that was read and is not in the log yet
 *     containers/<id>/
 *       state.json           pid, start time of the process, terminal, log settings, exit; renamed into place
 *       stdin stdout stderr  FIFOs; output is opened for both by the container, so it can always write
 *       execs/<execId>/      the same of an exec
 *
 * It ends by itself when nothing runs and no engine was connected for 10 s.
 *
 * Protocol: version line first (`{"berth-monitor":1}` both ways; another version is refused with a sentence that names
 * both), then one JSON object a line: `{ seq, type, … }` → `{ seq, result | error }`, and `{ event }` unasked. A stream
 * (`attach`) is a connection of its own: after its first line it carries frames in Docker's own form: `[stream, 0, 0, 0,
 * length BE32]` + bytes; stream 0 is stdin towards the container, 1 stdout, 2 stderr, 3 says "end of that" with the
 * number of the stream as its first byte, 4 lets a client go, with the reason. An exit is told again to each new engine until `forget`.
 */
import type { OciProcess, RuntimeProgram } from '@berth/runtime';

export interface LogSettings {
  /** `json-file` in `path`; `none`. */
  readonly driver: 'json-file' | 'none';
  readonly path: string;
  /** Rotate past this size; `path.1` is the newest of the older ones. */
  readonly maxSizeBytes: number;
  /** Files in all, the current one included. */
  readonly maxFiles: number;
}

export interface MonitoredContainer {
  readonly id: string;
  readonly bundle: string;
  readonly terminal: boolean;
  /** A stdin that can be written to; without it the container reads an end at once. */
  readonly openStdin: boolean;
  /** End stdin when the first attached client leaves. */
  readonly stdinOnce: boolean;
  readonly log: LogSettings;
  readonly consoleSize?: readonly [height: number, width: number];
}

export interface ProcessExit {
  readonly id: string;
  /** Absent for init. */
  readonly execId?: string;
  /**
   * 0–255; 128 + n after signal n; `undefined`: nobody saw it (it ended while there was no monitor, or after its monitor was
   * killed on a Linux before 6.15).
   */
  readonly exitCode: number | undefined;
  readonly isOomKilled: boolean;
  readonly finishedAt: Date;
}

export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

/** One attached client. Disposing leaves the process alone. */
export interface AttachedStreams extends AsyncDisposable {
  /** What the process writes from now on; ends when both of its streams have ended or the client was told to go. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Resolves when the process side has room again. Writing to a process that is gone is no error. */
  write(bytes: Uint8Array): Promise<void>;
  /** The end of stdin. */
  endInput(): Promise<void>;
}

export interface RunningProcess {
  readonly id: string;
  readonly execId?: string;
  readonly pid: number;
  readonly startedAt: Date;
}

export interface Monitor extends AsyncDisposable {
  readonly pid: number;
  /** Made and not started, it is removed again when the engine that made it goes. Makes the container's stdio and its init. The log takes everything from here on. @returns pid of init; throws what `Runtime.create` throws */
  create(container: MonitoredContainer): Promise<number>;
  /** Throws what `Runtime.start` throws. */
  start(id: string): Promise<void>;
  exec(
    id: string,
    options: { readonly execId: string; readonly process: OciProcess; readonly openStdin: boolean },
  ): Promise<number>;
  /**
   * May be asked for before `create`, and before `exec` with its `execId`: nothing written after `attach` resolved is missed, and
   * what was sent to stdin waits. When the process does not come to be, `output` ends.
   *
   * Who attached before the start is waited for by the process when it reads slowly, as by a pipe. Who came later and takes nothing for 10 s
   * is let go: `output` throws `CLIENT_TOO_SLOW`.
   */
  attach(
    id: string,
    options: {
      readonly execId?: string;
      readonly stdin: boolean;
      readonly stdout: boolean;
      readonly stderr: boolean;
      readonly signal?: AbortSignal;
    },
  ): Promise<AttachedStreams>;
  resize(
    id: string,
    size: { readonly columns: number; readonly rows: number; readonly execId?: string },
  ): Promise<void>;
  /** To init, an exec, or all processes of the container. */
  kill(
    id: string,
    options: { readonly signal: number; readonly execId?: string; readonly all?: boolean },
  ): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  pids(id: string): Promise<readonly number[]>;
  /** What runs, and what has ended and was not forgotten. Of execs only those whose end was told a moment ago, or to nobody. */
  list(): Promise<{ readonly running: readonly RunningProcess[]; readonly exited: readonly ProcessExit[] }>;
  /** Removes the runtime's state, FIFOs and what it knows of a container that has ended; kills it first if `force`. Idempotent. */
  forget(id: string, options?: { readonly force?: boolean }): Promise<void>;
  /** Every exit from now on, those that nobody forgot first. One consumer; ends when disposed. */
  exits(options?: { readonly signal?: AbortSignal }): AsyncIterable<ProcessExit>;
  /** Ends the monitor itself when nothing runs any more; refused (`MONITOR_BUSY`) otherwise. */
  shutDown(): Promise<void>;
}

export interface StartMonitorOptions {
  readonly runRoot: string;
  /** Where runtimes keep state: `<runRoot>/runtime`. */
  readonly runtime: RuntimeProgram;
  /** The engine's fault log. */
  readonly onFault?: (error: unknown, what: string) => void;
  /** Called when the monitor had to be started again and has adopted what runs. */
  readonly onReplaced?: () => void;
  readonly signal?: AbortSignal;
}

/** Connects to the monitor of `runRoot`, starting one when there is none; and again whenever it is gone, until disposed. Disposing leaves it running. */
export type StartMonitor = (options: StartMonitorOptions) => Promise<Monitor>;
