import { spawn } from 'node:child_process';
import { StorageError } from '../../errors.ts';

export interface ProgramOptions {
  readonly signal?: AbortSignal;
  /** Default: a minute. */
  readonly timeoutMs?: number;
  /** Takes the output as it comes; then `stdout` is empty. */
  readonly onStdout?: (text: string) => void;
}

export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Which Debian and Fedora package has a program. */
const PACKAGES: Readonly<Record<string, readonly [debian: string, fedora: string]>> = {
  dmsetup: ['dmsetup', 'device-mapper'],
  thin_check: ['thin-provisioning-tools', 'device-mapper-persistent-data'],
  thin_ls: ['thin-provisioning-tools', 'device-mapper-persistent-data'],
  thin_delta: ['thin-provisioning-tools', 'device-mapper-persistent-data'],
  'mkfs.ext4': ['e2fsprogs', 'e2fsprogs'],
  resize2fs: ['e2fsprogs', 'e2fsprogs'],
  'mkfs.xfs': ['xfsprogs', 'xfsprogs'],
  xfs_growfs: ['xfsprogs', 'xfsprogs'],
  blkdiscard: ['util-linux', 'util-linux'],
};

/** Administrators' programs, also where the engine was started by somebody without them in the path. */
export const PROGRAM_PATH = [process.env.PATH ?? '', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].join(':');

/** `apt install dmsetup, or dnf install device-mapper` */
export function howToInstall(programs: readonly string[]): string {
  const names = programs.map((program) => PACKAGES[program] ?? [program, program]);
  const list = (at: 0 | 1) => [...new Set(names.map((pair) => pair[at]))].join(' ');
  return `apt install ${list(0)}, or dnf install ${list(1)}`;
}

/**
 * Runs a program to its end; any exit code is a value. Whoever hangs in the kernel cannot be killed: this gives up waiting at the
 * timeout or abort all the same.
 *
 * @throws {StorageError} `DRIVER_UNSUPPORTED` where it is not installed, `DISK_FAILED` after the timeout; the reason of `signal`
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const { signal, timeoutMs = 60_000, onStdout } = options;
  signal?.throwIfAborted();
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its words are looked at: they must be English.
    env: { ...process.env, PATH: PROGRAM_PATH, LC_ALL: 'C' },
  });
  const { promise, resolve, reject } = Promise.withResolvers<ProgramResult>();
  const giveUp = (reason: unknown) => {
    child.kill('SIGKILL');
    // Nothing of it may keep this process from ending.
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
    reject(reason);
  };
  const onAbort = () => giveUp(signal?.reason);
  const late = () => giveUp(tooLate([program, ...args].join(' '), timeoutMs));
  const timer = setTimeout(late, timeoutMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (onStdout === undefined) stdout += text;
    else onStdout(text);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < 65_536) stderr += text;
  });
  child.once('error', (cause) => reject(cannotRun(program, cause)));
  // A signal that we did not send is a failure of its own.
  child.once('close', (code, killedBy) =>
    resolve({
      code: code ?? -1,
      stdout,
      stderr: killedBy === null ? stderr : `${stderr}killed by ${killedBy}`,
    }),
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** The same; an exit code other than 0 throws `DISK_FAILED` with what it said. @returns its output */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, args, options);
  if (code === 0) return stdout;
  throw programFailed([program, ...args].join(' '), { code, stdout, stderr });
}

export function programFailed(command: string, { code, stdout, stderr }: ProgramResult): StorageError {
  const words = (stderr.trim() || stdout.trim() || `exit code ${code}`).replaceAll(/\s*\n\s*/g, '; ');
  return new StorageError('DISK_FAILED', `Cannot run "${command}": ${words}`, { detail: { code, stderr } });
}

function cannotRun(program: string, cause: Error): StorageError {
  return new StorageError('DRIVER_UNSUPPORTED', `Cannot run "${program}": ${cause.message}`, {
    hint: `Install it: ${howToInstall([program])}`,
    cause,
  });
}

function tooLate(command: string, timeoutMs: number): StorageError {
  return new StorageError(
    'DISK_FAILED',
    `Cannot wait any longer for "${command}": it did not end in ${timeoutMs / 1000} seconds`,
    { hint: 'dmesg tells which device does not answer' },
  );
}
