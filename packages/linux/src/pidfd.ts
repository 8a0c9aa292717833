import { checked, libc, SYS } from './libc.ts';
import { untilReadable } from './readable.ts';

/**
 * A file descriptor (close-on-exec) that means this process and never another one that gets its pid later. Compare the
 * start time of the process after opening it when the pid comes from a file.
 *
 * @throws {LinuxError} `ESRCH`, `EINVAL` (no pid, or a thread), `ENOSYS` before Linux 5.3
 */
export function openPidfd(pid: number): number {
  return checked(libc().pidfdOpen(SYS.pidfdOpen, pid, 0), () => `Cannot open process ${pid}`, 'pidfd_open');
}

/** Signal 0 only looks. @throws {LinuxError} `ESRCH` when the process has ended and was waited for, `EPERM` */
export function signalPidfd(pidfd: number, signal: number): void {
  const what = () => `Cannot send signal ${signal}`;
  checked(libc().pidfdSendSignal(SYS.pidfdSendSignal, pidfd, signal, null, 0), what, 'pidfd_send_signal');
}

/** A copy (close-on-exec) of a file that another process has open. @throws {LinuxError} `EBADF`, `ESRCH`, `EPERM`, `ENOSYS` before Linux 5.6 */
export function duplicateFd(pidfd: number, fd: number): number {
  const what = () => `Cannot copy file descriptor ${fd} of another process`;
  return checked(libc().pidfdGetfd(SYS.pidfdGetfd, pidfd, fd, 0), what, 'pidfd_getfd');
}

/** Resolves when the process has ended, child of ours or not; it holds no thread. The pidfd stays open. */
export function waitPidfd(pidfd: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
  return untilReadable(pidfd, options);
}
