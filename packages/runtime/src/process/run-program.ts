import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import type { RuntimeProgram, Stdio } from '../interface.ts';
import { type RuntimeVerb, translateFailure } from './translate-failure.ts';

export interface ProgramCall {
  readonly verb: RuntimeVerb;
  /** After the global options. `${PID_FILE}` in it becomes the path of a pid file. */
  readonly args: readonly string[];
  /** Of the container, so the runtime's own words go to a log file. */
  readonly stdio?: Stdio;
  readonly onSpawn?: (pid: number) => void;
  readonly signal?: AbortSignal;
}

export interface ProgramPlace {
  readonly program: RuntimeProgram;
  readonly stateRoot: string;
}

/** Stands in `args` for the file that the runtime writes a pid to. */
export const PID_FILE = '\0pid-file';

let calls = 0;

/**
 * Runs the runtime once. An abort kills it and rejects; what it had made by then is the caller's to delete.
 *
 * Its words are read from a log file and not from stderr, because stderr is the container's.
 *
 * @returns the pid that was written, when `args` asked for one
 * @throws {RuntimeError} what `translateFailure` makes of its words
 */
export async function runProgram(place: ProgramPlace, call: ProgramCall): Promise<number | undefined> {
  call.signal?.throwIfAborted();
  const files = `${place.stateRoot}.calls`;
  mkdirSync(files, { recursive: true, mode: 0o700 });
  const stem = join(files, `${process.pid}-${++calls}`);
  const log = `${stem}.log`;
  const pidFile = `${stem}.pid`;
  const asksForPid = call.args.includes(PID_FILE);
  const args = call.args.map((one) => (one === PID_FILE ? pidFile : one));
  try {
    const options = ['--root', place.stateRoot, '--log', log, '--log-format', 'json'];
    const { code, stderr } = await runOnce(place.program.path, [...options, ...args], call);
    call.signal?.throwIfAborted();
    if (code !== 0) throw translateFailure(call.verb, failureWords(log) ?? wordsOf(stderr, code));
    return asksForPid ? readPid(call.verb, pidFile) : undefined;
  } finally {
    rmSync(log, { force: true });
    if (asksForPid) rmSync(pidFile, { force: true });
  }
}

/** @throws {RuntimeError} `RUNTIME_FAILED`: that was no runtime */
function readPid(verb: RuntimeVerb, path: string): number {
  const pid = Number(readIfThere(path));
  if (pid > 0) return pid;
  throw translateFailure(verb, 'it ended well and wrote no process id');
}

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

function runOnce(path: string, args: readonly string[], call: ProgramCall): Promise<Ended> {
  const { stdio, signal } = call;
  return new Promise((resolve, reject) => {
    let stderr = '';
    const nothing = 'ignore' as const;
    const child = spawn(path, args, {
      stdio:
        stdio === undefined
          ? [nothing, nothing, 'pipe']
          : [of(stdio.stdin), of(stdio.stdout), of(stdio.stderr)],
      ...(signal === undefined ? {} : { signal, killSignal: 'SIGKILL' as const }),
    });
    if (child.pid !== undefined) call.onSpawn?.(child.pid);
    child.once('error', (error) => {
      if (hasCode(error) && error.code === 'ABORT_ERR') return; // 'exit' follows
      reject(translateFailure(call.verb, error.message, { cause: error }));
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < 65536) stderr += text;
    });
    // With the container's own stdio nothing is left to read, and 'close' would be no later than 'exit'.
    child.once(stdio === undefined ? 'close' : 'exit', (code) => resolve({ code, stderr }));
  });
}

function of(fd: number | 'null'): number | 'ignore' {
  return fd === 'null' ? 'ignore' : fd;
}

/** The last error in the log: earlier ones are of its parts. */
function failureWords(log: string): string | undefined {
  let words: string | undefined;
  for (const line of (readIfThere(log) ?? '').split('\n')) {
    const entry = parsed(line);
    if (entry?.level === 'error' || entry?.level === 'fatal') words = entry.msg ?? words;
  }
  return words;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function parsed(line: string): { readonly level?: string; readonly msg?: string } | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as { level?: string; msg?: string };
  } catch (error) {
    // Cut off by a kill in the middle of a line.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function wordsOf(stderr: string, code: number | null): string {
  const text = stderr.trim();
  if (text !== '') return text;
  return code === null ? 'the runtime was killed' : `exit status ${code}`;
}
