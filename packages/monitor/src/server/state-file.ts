import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import type { RuntimeProgram } from '@berth/runtime';
import type { MonitoredContainer } from '../interface.ts';
import type { PlainExit } from '../protocol/messages.ts';

/** What must be remembered of a process. */
export interface ProcessState {
  readonly pid?: number;
  /** Of the process, from `/proc/<pid>/stat`: a pid is used again, both together are not. */
  readonly startTime?: string;
  readonly startedAt?: string;
  /** Nothing can be written to it any more. */
  readonly isInputEnded: boolean;
  readonly exit?: PlainExit;
}

export interface ContainerState extends ProcessState {
  /** `creating`: the runtime may have made anything or nothing. */
  readonly phase: 'creating' | 'created' | 'started' | 'exited';
  /** While `creating`: the runtime's process. */
  readonly maker?: { readonly pid: number; readonly startTime: string };
  readonly container: MonitoredContainer;
  readonly runtime: RuntimeProgram;
}

export interface ExecState extends ProcessState {
  readonly id: string;
  readonly execId: string;
  readonly terminal: boolean;
  readonly openStdin: boolean;
}

/** Whole or as before, by a rename. The folder is on a tmpfs, so there is nothing to sync: it ends with the machine. */
export function writeState(path: string, state: ContainerState | ExecState): void {
  writeFileSync(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** @returns `undefined`: not there, or left behind by a kill before it was written */
export function readState<State extends ContainerState | ExecState>(path: string): State | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as State;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    throw error;
  }
}

export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}
