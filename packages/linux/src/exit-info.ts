import { libc } from './libc.ts';
import type { ProcessStatus } from './processes.ts';

/** `_IOWR(0xFF, 11, struct pidfd_info)` with the structure's first size. @see linux/pidfd.h */
const PIDFD_GET_INFO = 0xc040ff0b;
const PIDFD_INFO_EXIT = 8n;
const INFO_BYTES = 64;
const EXIT_CODE_AT = 60;

/**
 * How a process has ended that is no child of ours. Linux 6.15 keeps it for whoever had the pidfd before its parent waited for it.
 *
 * @returns `undefined`: it runs, or its parent has not waited for it yet; `unknown`: the kernel does not keep it
 */
export function readExitInfo(pidfd: number): ProcessStatus | 'unknown' | undefined {
  const info = Buffer.alloc(INFO_BYTES);
  info.writeBigUInt64LE(PIDFD_INFO_EXIT, 0);
  if (libc().ioctl(pidfd, PIDFD_GET_INFO, info) === -1) return 'unknown';
  if ((info.readBigUInt64LE(0) & PIDFD_INFO_EXIT) === 0n) return undefined;
  const bits = info.readInt32LE(EXIT_CODE_AT);
  const signal = bits & 0x7f;
  return signal === 0 ? { exitCode: (bits >> 8) & 0xff } : { signal };
}
