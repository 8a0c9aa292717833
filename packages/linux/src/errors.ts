import { BerthError, type BerthErrorOptions, type ErrorEntry } from '@berth/errors';
import { showPath } from './paths.ts';

type ErrnoEntry = ErrorEntry & {
  /** The same on x86-64 and arm64 (asm-generic/errno.h). */ readonly errno?: number;
};

/**
 * Every code that `@berth/linux` throws. Codes with a number are the kernel's own names; their description is what
 * follows the colon in the message.
 */
export const LINUX_ERRORS = {
  EPERM: { errno: 1, class: 'denied', description: 'operation not permitted' },
  ENOENT: { errno: 2, class: 'notFound', description: 'no such file or folder' },
  ESRCH: { errno: 3, class: 'notFound', description: 'no such process' },
  EINTR: { errno: 4, class: 'unavailable', description: 'interrupted by a signal' },
  EIO: { errno: 5, class: 'dataLoss', description: 'input/output error' },
  ENXIO: { errno: 6, class: 'notFound', description: 'no such device or address' },
  E2BIG: { errno: 7, class: 'tooLarge', description: 'argument too long' },
  EBADF: { errno: 9, class: 'internal', description: 'bad file descriptor' },
  ECHILD: { errno: 10, class: 'notFound', description: 'no such child process' },
  EAGAIN: { errno: 11, class: 'unavailable', description: 'not available now' },
  ENOMEM: { errno: 12, class: 'resourceExhausted', description: 'out of memory' },
  EACCES: { errno: 13, class: 'denied', description: 'permission denied' },
  EFAULT: { errno: 14, class: 'internal', description: 'bad address' },
  EBUSY: { errno: 16, class: 'failedPrecondition', description: 'in use' },
  EEXIST: { errno: 17, class: 'conflict', description: 'exists already' },
  EXDEV: { errno: 18, class: 'unsupported', description: 'not within one file system' },
  ENODEV: { errno: 19, class: 'unsupported', description: 'no such device or file system type' },
  ENOTDIR: { errno: 20, class: 'failedPrecondition', description: 'not a folder' },
  EISDIR: { errno: 21, class: 'failedPrecondition', description: 'is a folder' },
  EINVAL: { errno: 22, class: 'invalidArgument', description: 'invalid argument' },
  ENFILE: { errno: 23, class: 'resourceExhausted', description: 'too many open files in the system' },
  EMFILE: { errno: 24, class: 'resourceExhausted', description: 'too many open files' },
  ENOTTY: { errno: 25, class: 'unsupported', description: 'not possible on this kind of file' },
  ETXTBSY: { errno: 26, class: 'failedPrecondition', description: 'the program is running' },
  EFBIG: { errno: 27, class: 'tooLarge', description: 'file too large' },
  ENOSPC: { errno: 28, class: 'resourceExhausted', description: 'no space left on the device' },
  ESPIPE: { errno: 29, class: 'unsupported', description: 'cannot seek in this kind of file' },
  EROFS: { errno: 30, class: 'failedPrecondition', description: 'read-only file system' },
  EMLINK: { errno: 31, class: 'resourceExhausted', description: 'too many links' },
  EPIPE: { errno: 32, class: 'unavailable', description: 'the other end is closed' },
  ERANGE: { errno: 34, class: 'outOfRange', description: 'result does not fit' },
  ENAMETOOLONG: { errno: 36, class: 'invalidArgument', description: 'name too long' },
  ENOSYS: { errno: 38, class: 'unsupported', description: 'the kernel does not have this call' },
  ENOTEMPTY: { errno: 39, class: 'failedPrecondition', description: 'folder not empty' },
  ELOOP: { errno: 40, class: 'invalidArgument', description: 'too many symbolic links' },
  ENODATA: { errno: 61, class: 'notFound', description: 'no data' },
  EPROTO: { errno: 71, class: 'unavailable', description: 'the other side did not keep to the protocol' },
  EOVERFLOW: { errno: 75, class: 'tooLarge', description: 'value too large' },
  EUSERS: { errno: 87, class: 'resourceExhausted', description: 'too many users' },
  EMSGSIZE: { errno: 90, class: 'tooLarge', description: 'message too long' },
  EOPNOTSUPP: { errno: 95, class: 'unsupported', description: 'operation not supported' },
  EADDRINUSE: { errno: 98, class: 'conflict', description: 'address in use' },
  ECONNABORTED: { errno: 103, class: 'unavailable', description: 'connection aborted' },
  ECONNRESET: { errno: 104, class: 'unavailable', description: 'connection reset' },
  ETIMEDOUT: { errno: 110, class: 'unavailable', description: 'timed out' },
  ESTALE: { errno: 116, class: 'unavailable', description: 'stale file handle' },
  EUCLEAN: { errno: 117, class: 'dataLoss', description: 'the file system is damaged' },
  EDQUOT: { errno: 122, class: 'resourceExhausted', description: 'disk quota exceeded' },
  ECANCELED: { errno: 125, class: 'cancelled', description: 'cancelled' },
  ERRNO_OTHER: { class: 'internal', description: 'an error of the kernel that has no name here' },
  FFI_UNAVAILABLE: {
    class: 'unsupported',
    description: 'system calls cannot be made here: not Linux, or koffi has no binary for this machine',
  },
  JAIL_REFUSED: {
    class: 'failedPrecondition',
    description: 'a thread was to be jailed on the main thread, twice, or before the thread pool was warm',
  },
} as const satisfies Readonly<Record<string, ErrnoEntry>>;

export type LinuxErrorCode = keyof typeof LINUX_ERRORS;

const CODE_OF = new Map<number, LinuxErrorCode>(
  Object.entries(LINUX_ERRORS).flatMap(([code, entry]) =>
    'errno' in entry ? [[entry.errno, code as LinuxErrorCode] as const] : [],
  ),
);

export interface LinuxErrorOptions extends BerthErrorOptions {
  /** 0 where the kernel was not asked. */
  readonly errno: number;
  readonly syscall: string;
  /** More words of the kernel or of us, put before the code. */
  readonly reason?: string;
}

/** A system call that failed. `code` is the kernel's name of the error, as in Node's own errors. */
export class LinuxError extends BerthError<LinuxErrorCode> {
  readonly errno: number;
  readonly syscall: string;

  /** @param what beginning of the message: `Cannot mount "/x"` */
  constructor(what: string, options: LinuxErrorOptions) {
    const { errno, syscall, reason, ...rest } = options;
    const code = CODE_OF.get(errno) ?? 'ERRNO_OTHER';
    const words = reason ?? (code === 'ERRNO_OTHER' ? `error ${errno}` : LINUX_ERRORS[code].description);
    super(LINUX_ERRORS, code, `${what}: ${words} (${code})`, {
      ...rest,
      detail: { errno, syscall, ...rest.detail },
    });
    this.errno = errno;
    this.syscall = syscall;
  }
}

/** What is refused before the kernel is asked. */
export class LinuxStateError extends BerthError<LinuxErrorCode> {
  constructor(code: 'FFI_UNAVAILABLE' | 'JAIL_REFUSED', message: string, options?: BerthErrorOptions) {
    super(LINUX_ERRORS, code, message, options);
  }
}

/** `Cannot <verb> "<path>"`, the path made safe for one line. */
export function cannot(verb: string, path: string): string {
  return `Cannot ${verb} "${showPath(path)}"`;
}
