import type { PlainError } from '@berth/errors';
import type { OciProcess, RuntimeProgram } from '@berth/runtime';
import type { MonitoredContainer, ProcessExit } from '../interface.ts';

/** Both sides begin with a line that says which protocol they speak. Raised when an older side would misunderstand. */
export const PROTOCOL_VERSION = 1;

export interface Hello {
  readonly 'berth-monitor': number;
  /** Of the monitor. */
  readonly pid?: number;
}

export interface ProcessName {
  readonly id: string;
  readonly execId?: string;
}

/** A file that the monitor has open for a process, to be copied by an engine, so that it outlives the monitor. */
export interface KeptDescriptor {
  readonly role: 'stdin' | 'stdout' | 'stderr' | 'terminal';
  readonly fd: number;
}

export interface ProcessDescriptors extends ProcessName {
  readonly descriptors: readonly KeptDescriptor[];
}

/** What an exit looks like as JSON. */
export interface PlainExit extends ProcessName {
  readonly exitCode: number | null;
  readonly isOomKilled: boolean;
  readonly finishedAt: string;
}

export interface StartedProcess {
  readonly pid: number;
  readonly descriptors: readonly KeptDescriptor[];
}

/** Every request: what is asked and what comes back. */
export interface Requests {
  create: {
    readonly ask: { readonly container: MonitoredContainer; readonly runtime: RuntimeProgram };
    readonly result: StartedProcess;
  };
  start: { readonly ask: { readonly id: string }; readonly result: null };
  exec: {
    readonly ask: {
      readonly id: string;
      readonly execId: string;
      readonly process: OciProcess;
      readonly openStdin: boolean;
    };
    readonly result: StartedProcess;
  };
  resize: {
    readonly ask: ProcessName & { readonly columns: number; readonly rows: number };
    readonly result: null;
  };
  kill: {
    readonly ask: ProcessName & { readonly signal: number; readonly all?: boolean };
    readonly result: null;
  };
  pause: { readonly ask: { readonly id: string }; readonly result: null };
  resume: { readonly ask: { readonly id: string }; readonly result: null };
  pids: { readonly ask: { readonly id: string }; readonly result: readonly number[] };
  list: {
    readonly ask: Record<never, never>;
    readonly result: {
      readonly running: readonly (ProcessName & { readonly pid: number; readonly startedAt: string })[];
      readonly exited: readonly PlainExit[];
    };
  };
  forget: { readonly ask: { readonly id: string; readonly force?: boolean }; readonly result: null };
  /** Exits are told on this connection from now on; those that nobody forgot are in the answer. */
  watch: { readonly ask: Record<never, never>; readonly result: readonly PlainExit[] };
  /** Everything that an engine should hold a copy of. */
  descriptors: { readonly ask: Record<never, never>; readonly result: readonly ProcessDescriptors[] };
  /** The caller has copied, or will not; the monitor may close these when the process has ended. */
  kept: { readonly ask: ProcessName; readonly result: null };
  /** Copies that the caller holds in its own process, for a monitor that has to adopt. */
  offer: {
    readonly ask: { readonly pid: number; readonly processes: readonly ProcessDescriptors[] };
    readonly result: null;
  };
  shutDown: { readonly ask: Record<never, never>; readonly result: null };
  /** The last line of its kind: frames follow on this connection. */
  attach: {
    readonly ask: ProcessName & {
      readonly stdin: boolean;
      readonly stdout: boolean;
      readonly stderr: boolean;
    };
    readonly result: null;
  };
}

export type RequestType = keyof Requests;

export type Request = {
  [Type in RequestType]: { readonly seq: number; readonly type: Type } & Requests[Type]['ask'];
}[RequestType];

export type Reply =
  | { readonly seq: number; readonly result: unknown }
  | { readonly seq: number; readonly error: PlainError };

export type MonitorEvent =
  | { readonly event: 'exit'; readonly exit: PlainExit }
  /** Engines close their copies: an input ends when nobody has it open any more. */
  | { readonly event: 'inputEnded'; readonly name: ProcessName }
  | { readonly event: 'fault'; readonly what: string; readonly error: PlainError };

/** Numbers of streams in frames. */
export const FRAME = {
  stdin: 0,
  stdout: 1,
  stderr: 2,
  /** Two bytes: the stream that has ended, and 1 when that is told as an exit, 0 when the process never came to be. */
  end: 3,
  /** A plain error as JSON: the client is let go. */
  dismissed: 4,
} as const;

export function toPlainExit(exit: ProcessExit): PlainExit {
  return {
    id: exit.id,
    ...(exit.execId === undefined ? {} : { execId: exit.execId }),
    exitCode: exit.exitCode ?? null,
    isOomKilled: exit.isOomKilled,
    finishedAt: exit.finishedAt.toISOString(),
  };
}

export function fromPlainExit(plain: PlainExit): ProcessExit {
  return {
    id: plain.id,
    ...(plain.execId === undefined ? {} : { execId: plain.execId }),
    exitCode: plain.exitCode ?? undefined,
    isOomKilled: plain.isOomKilled,
    finishedAt: new Date(plain.finishedAt),
  };
}
