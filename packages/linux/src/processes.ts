import { readdirSync } from 'node:fs';
import { LinuxError } from './errors.ts';
import { checked, libc, SYS } from './libc.ts';

const PR_SET_PDEATHSIG = 1;
const PR_SET_NAME = 15;
const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;
const EINVAL = 22;
const ENOSYS = 38;
const CLOSE_RANGE_CLOEXEC = 4;

/** Orphans among the descendants of this process become its children from now on. */
export function becomeSubreaper(): void {
  const what = () => 'Cannot become the parent of orphans';
  checked(libc().prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), what, 'prctl');
}

export type ProcessStatus = { readonly exitCode: number } | { readonly signal: number };

/**
 * How one child has ended, and takes it from the process table. Only ever for pids that Node did not start itself:
 * libuv waits for its own, and would never learn of an end that was taken away.
 *
 * @returns `undefined`: still runs
 * @throws {LinuxError} `ECHILD`: no child of ours, or taken already
 */
export function waitPid(pid: number): ProcessStatus | undefined {
  const what = () => `Cannot wait for process ${pid}`;
  // 0 and negative ones mean groups, or any child: those of libuv too.
  if (!Number.isSafeInteger(pid) || pid < 1) {
    throw new LinuxError(what(), { errno: EINVAL, syscall: 'none', reason: 'that is no pid' });
  }
  const status = Buffer.alloc(4);
  if (checked(libc().waitpid(pid, status, WNOHANG), what, 'waitpid') === 0) return undefined;
  const bits = status.readInt32LE();
  const signal = bits & 0x7f;
  return signal === 0 ? { exitCode: (bits >> 8) & 0xff } : { signal };
}

/** A session and process group of its own, without a terminal. @throws {LinuxError} `EPERM` for the leader of a group */
export function createSession(): void {
  checked(libc().setsid(), () => 'Cannot create a session', 'setsid');
}

/**
 * The signal that this process gets when the *thread* that made it ends; 0 for none. When the parent was gone before
 * the call, nothing comes: look at `process.ppid` afterwards.
 */
export function setDeathSignal(signal: number): void {
  const what = () => `Cannot ask for signal ${signal} at the end of the parent`;
  checked(libc().prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0), what, 'prctl');
}

/** What `ps` and `/proc/<pid>/comm` show; 15 bytes of it. To be called on the main thread. */
export function setProcessName(name: string): void {
  const bytes = Buffer.alloc(16);
  bytes.write(name.replaceAll('\0', ''), 0, 15, 'utf8');
  checked(libc().prctlName(PR_SET_NAME, bytes, 0, 0, 0), () => 'Cannot set the name of the process', 'prctl');
}

const F_GETFD = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** `fd` and all above it are closed in programs that this process starts, whoever opened them. */
export function closeOnExecAbove(fd: number): void {
  if (libc().closeRange(SYS.closeRange, fd, 0xffffffff, CLOSE_RANGE_CLOEXEC) === 0) return;
  const errno = libc().errno();
  // The call is of Linux 5.9, its flag of 5.11.
  if (errno !== ENOSYS && errno !== EINVAL) {
    throw new LinuxError('Cannot close files on exec', { errno, syscall: 'close_range' });
  }
  for (const name of readdirSync('/proc/self/fd')) {
    const open = Number(name);
    const flags = open < fd ? -1 : libc().fcntl(open, F_GETFD, 0);
    if (flags !== -1) libc().fcntl(open, F_SETFD, flags | FD_CLOEXEC);
  }
}
