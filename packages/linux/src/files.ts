import { chmodSync } from 'node:fs';
import { cannot, LinuxError } from './errors.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, checked, libc, pathArgument, SYS } from './libc.ts';
import { openPlain } from './open-plain.ts';
import { nativePath } from './paths.ts';

/** Two `struct timespec`, used again for each call: threads have each their own. */
const times = new BigInt64Array(4);
const UTIME_OMIT = (1n << 30n) - 2n;
const NS = 1_000_000_000n;

/**
 * Sets times in nanoseconds since 1970 (before it: negative). Without `atime` that one stays. Of a path, whose link at the end is
 * not followed, or of an open file.
 */
export function setTimes(
  file: string | number,
  options: { readonly atime?: bigint; readonly mtime: bigint },
): void {
  putTime(0, options.atime);
  putTime(2, options.mtime);
  if (typeof file === 'number') {
    checked(libc().futimens(file, times), () => `Cannot set times of descriptor ${file}`, 'futimens');
    return;
  }
  const what = () => cannot('set times of', file);
  const result = libc().utimensat(AT_FDCWD, pathArgument(file, what), times, AT_SYMLINK_NOFOLLOW);
  checked(result, what, 'utimensat');
}

function putTime(at: number, time: bigint | undefined): void {
  // tv_nsec is 0…999999999 also before 1970.
  const rest = time === undefined ? UTIME_OMIT : ((time % NS) + NS) % NS;
  times[at] = time === undefined ? 0n : (time - rest) / NS;
  times[at + 1] = rest;
}

const NODE_TYPES = { fifo: 0o010000, char: 0o020000, block: 0o060000 } as const;

export interface NodeOptions {
  readonly type: 'char' | 'block' | 'fifo';
  /** Exact, whatever the umask. */
  readonly mode: number;
  readonly major?: number;
  readonly minor?: number;
}

/** Makes a device or a FIFO. @throws {LinuxError} `EEXIST`, `EPERM` without CAP_MKNOD */
export function makeNode(path: string, options: NodeOptions): void {
  const what = () => cannot(`make the ${options.type === 'fifo' ? 'FIFO' : `${options.type} device`}`, path);
  const { major = 0, minor = 0 } = options;
  if (major < 0 || major > 0xfff || minor < 0 || minor > 0xfffff) {
    throw new LinuxError(what(), {
      errno: 22,
      syscall: 'none',
      reason: `no device has the number ${major}:${minor}`,
    });
  }
  // The kernel's form of a device number: 12 bits of major, 20 of minor (include/linux/kdev_t.h).
  const device = (minor & 0xff) | (major << 8) | ((minor & 0xfff00) << 12);
  const mode = options.mode & 0o7777;
  const type = NODE_TYPES[options.type];
  const bytes = pathArgument(path, what);
  checked(libc().mknodat(SYS.mknodat, AT_FDCWD, bytes, (type | mode) >>> 0, device >>> 0), what, 'mknodat');
  // Only to take the umask back. The umask itself must not be touched: the threads of the pool share it.
  if (mode !== 0) chmodSync(nativePath(path), mode);
}

const FS_IOC_GETFLAGS = 0x80086601;
const FS_IOC_SETFLAGS = 0x40086602;
const FS_IMMUTABLE_FL = 0x10;
const FS_APPEND_FL = 0x20;
/** ENOTTY, EOPNOTSUPP, ENOSYS (FUSE): the file system has no such flags. */
const NO_FLAGS = new Set([25, 95, 38]);

/**
 * `chattr +i`; off takes the append-only flag away too (`chattr -i -a`), and is nothing where there are no such flags.
 * Opens the file: not for devices and FIFOs, which could not be opened without consequence.
 *
 * @throws {LinuxError} `ENOTTY`, `EOPNOTSUPP`: cannot be turned on here; `ELOOP` for a symbolic link, `EINVAL` for a device or FIFO
 */
export function setImmutable(path: string, on: boolean): void {
  const what = () => cannot(on ? 'make immutable' : 'make mutable', path);
  const fd = openPlain(path, what);
  try {
    const flags = Buffer.alloc(8);
    if (libc().ioctl(fd, FS_IOC_GETFLAGS, flags) === -1) {
      const errno = libc().errno();
      if (!on && NO_FLAGS.has(errno)) return;
      throw new LinuxError(what(), { errno, syscall: 'ioctl' });
    }
    const now = flags.readInt32LE();
    const next = on ? now | FS_IMMUTABLE_FL : now & ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
    if (next === now) return;
    flags.writeInt32LE(next);
    checked(libc().ioctl(fd, FS_IOC_SETFLAGS, flags), what, 'ioctl');
  } finally {
    libc().close(fd);
  }
}
