import { createRequire } from 'node:module';
import { LinuxError, LinuxStateError } from './errors.ts';
import { cPath } from './paths.ts';

/** Bytes that a call reads or fills; `null` is the null pointer. */
type Pointer = Uint8Array | BigInt64Array | null;

/**
 * The functions of the C library that Berth calls, and those system calls that it has no function for.
 * All return -1 on failure and leave the reason in `errno`. Numbers stay below 2^53.
 */
export interface Libc {
  errno(): number;
  /** Where the bytes are; they must stay referenced for as long as the kernel may look. */
  address(bytes: Uint8Array): bigint;
  openat(dirfd: number, path: Pointer, flags: number, mode: number): number;
  close(fd: number): number;
  fcntl(fd: number, command: number, value: number): number;
  ioctl(fd: number, request: number, argument: Pointer): number;
  /** `ioctl` on a thread of the pool: resolves to the result, -1 without a reason. */
  ioctlAsync(fd: number, request: number, argument: Uint8Array): Promise<number>;
  ioctlNumber(fd: number, request: number, argument: number): number;
  umask(mode: number): number;
  unshare(flags: number): number;
  setns(fd: number, flags: number): number;
  chroot(path: Pointer): number;
  chdir(path: Pointer): number;
  fchdir(fd: number): number;
  mount(source: Pointer, target: Pointer, type: Pointer, flags: number, data: Pointer): number;
  umount2(target: Pointer, flags: number): number;
  statx(dirfd: number, path: Pointer, flags: number, mask: number, result: Pointer): number;
  utimensat(dirfd: number, path: Pointer, times: Pointer, flags: number): number;
  futimens(fd: number, times: Pointer): number;
  lgetxattr(path: Pointer, name: Pointer, value: Pointer, size: number): number;
  lsetxattr(path: Pointer, name: Pointer, value: Pointer, size: number, flags: number): number;
  llistxattr(path: Pointer, list: Pointer, size: number): number;
  lremovexattr(path: Pointer, name: Pointer): number;
  syncfs(fd: number): number;
  /** `syncfs` on a thread of the pool: resolves to 0, or to -1 without a reason. */
  syncfsAsync(fd: number): Promise<number>;
  syncFileRange(fd: number, offset: number, length: number, flags: number): number;
  lseek(fd: number, offset: number, whence: number): number;
  fallocate(fd: number, mode: number, offset: number, length: number): number;
  copyFileRange(
    from: number,
    fromAt: Pointer,
    to: number,
    toAt: Pointer,
    length: number,
    flags: number,
  ): number;
  waitpid(pid: number, status: Pointer, options: number): number;
  prctl(option: number, a: number, b: number, c: number, d: number): number;
  prctlName(option: number, name: Pointer, b: number, c: number, d: number): number;
  setsid(): number;
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Pointer, length: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: Pointer, length: Pointer, flags: number): number;
  recvmsg(fd: number, message: Pointer, flags: number): number;
  setsockopt(fd: number, level: number, name: number, value: Pointer, length: number): number;
  recv(fd: number, buffer: Pointer, size: number, flags: number): number;
  send(fd: number, bytes: Pointer, size: number, flags: number): number;
  /** `send` on a thread of the pool: resolves to what was sent, -1 without a reason. */
  sendAsync(fd: number, bytes: Uint8Array, flags: number): Promise<number>;
  sysconf(name: number): number;
  /** Of glibc; without it nothing is done. @returns whether something was given back */
  mallocTrim(keep: number): number;
  mknodat(number: number, dirfd: number, path: Pointer, mode: number, device: number): number;
  openat2(number: number, dirfd: number, path: Pointer, how: Pointer, size: number): number;
  openTree(number: number, dirfd: number, path: Pointer, flags: number): number;
  moveMount(number: number, fromFd: number, from: Pointer, toFd: number, to: Pointer, flags: number): number;
  fsopen(number: number, type: Pointer, flags: number): number;
  fsconfig(number: number, fd: number, command: number, key: Pointer, value: Pointer, aux: number): number;
  fsmount(number: number, fd: number, flags: number, attributes: number): number;
  mountSetattr(
    number: number,
    dirfd: number,
    path: Pointer,
    flags: number,
    attr: Pointer,
    size: number,
  ): number;
  pidfdOpen(number: number, pid: number, flags: number): number;
  pidfdSendSignal(number: number, pidfd: number, signal: number, info: Pointer, flags: number): number;
  pidfdGetfd(number: number, pidfd: number, fd: number, flags: number): number;
  closeRange(number: number, first: number, last: number, flags: number): number;
  /** Throws what `errno` says. */
  mapShared(fd: number, size: number, what: () => string): Uint8Array;
  /** Calls back while `fd` is readable, on this thread's event loop. */
  poll(fd: number, onReadable: () => void): PollHandle;
}

export interface PollHandle {
  stop(): void;
  close(): void;
}

/**
 * Numbers for `syscall(2)`. From 424 on they are the same on every architecture; `mknodat` is asked for by number
 * because the C libraries before glibc 2.33 have no such symbol.
 */
export const SYS = {
  mknodat: process.arch === 'arm64' ? 33 : 259,
  pidfdSendSignal: 424,
  openTree: 428,
  moveMount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  pidfdOpen: 434,
  closeRange: 436,
  openat2: 437,
  pidfdGetfd: 438,
  mountSetattr: 442,
} as const;

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_EMPTY_PATH = 0x1000;
export const AT_RECURSIVE = 0x8000;
export const O_PATH = 0x200000;
export const O_CLOEXEC = 0x80000;

let loaded: Libc | undefined;

/**
 * The C library of this process, bound at the first call (13 ms, most of it koffi's binary); every function at once, so
 * that a jailed thread needs nothing from the disk afterwards.
 *
 * @throws {LinuxStateError} `FFI_UNAVAILABLE`
 */
export function libc(): Libc {
  loaded ??= bindLibc();
  return loaded;
}

/** Gives `result`, or throws what `errno` says. Must be the first thing after the call. */
export function checked(result: number, what: () => string, syscall: string): number {
  if (result !== -1) return result;
  throw new LinuxError(what(), { errno: libc().errno(), syscall });
}

/** The bytes of a path and its NUL, for the kernel. @throws {LinuxError} `EINVAL` for a NUL inside */
export function pathArgument(path: string, what: () => string): Buffer {
  if (path.includes('\0')) {
    throw new LinuxError(what(), { errno: 22, syscall: 'none', reason: 'the path has a NUL byte' });
  }
  return cPath(path);
}

/** Opens a file, always close-on-exec. */
export function openFile(path: string, flags: number, what: () => string, mode = 0): number {
  const bytes = pathArgument(path, what);
  for (;;) {
    const fd = libc().openat(AT_FDCWD, bytes, flags | O_CLOEXEC, mode);
    if (fd !== -1) return fd;
    const errno = libc().errno();
    if (errno !== EINTR) throw new LinuxError(what(), { errno, syscall: 'openat' });
  }
}

const EINTR = 4;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;

function bindLibc(): Libc {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) {
    throw new LinuxStateError(
      'FFI_UNAVAILABLE',
      `Cannot make system calls: expected Linux on x64 or arm64, got ${process.platform} on ${process.arch}`,
    );
  }
  const koffi = loadKoffi();
  const library = koffi.load(null);
  const bind = (name: string, result: string, ...parameters: string[]) =>
    library.func(name, result, parameters) as (...values: unknown[]) => number;
  const syscall = (...parameters: string[]) => bind('syscall', 'long', 'long', ...parameters);
  const syncfs = library.func('syncfs', 'int', ['int']);
  const ioctl = library.func('ioctl', 'int', ['int', 'ulong', 'void *']);
  const mmap = library.func('mmap', 'void *', ['void *', 'size_t', 'int', 'int', 'int', 'long']);
  const send = library.func('send', 'long', ['int', 'void *', 'size_t', 'int']);
  return {
    errno: () => koffi.errno(),
    address: (bytes) => koffi.address(bytes),
    openat: bind('openat', 'int', 'int', 'void *', 'int', 'uint'),
    close: bind('close', 'int', 'int'),
    fcntl: bind('fcntl', 'int', 'int', 'int', 'long'),
    ioctl: ioctl as (fd: number, request: number, argument: Pointer) => number,
    ioctlAsync: (fd, request, argument) =>
      new Promise((resolve, reject) => {
        ioctl.async(fd, request, argument, (error: unknown, result: number) => {
          if (error) reject(error);
          else resolve(result);
        });
      }),
    ioctlNumber: bind('ioctl', 'int', 'int', 'ulong', 'long'),
    umask: bind('umask', 'uint', 'uint'),
    unshare: bind('unshare', 'int', 'int'),
    setns: bind('setns', 'int', 'int', 'int'),
    chroot: bind('chroot', 'int', 'void *'),
    chdir: bind('chdir', 'int', 'void *'),
    fchdir: bind('fchdir', 'int', 'int'),
    mount: bind('mount', 'int', 'void *', 'void *', 'void *', 'ulong', 'void *'),
    umount2: bind('umount2', 'int', 'void *', 'int'),
    statx: bind('statx', 'int', 'int', 'void *', 'int', 'uint', 'void *'),
    utimensat: bind('utimensat', 'int', 'int', 'void *', 'void *', 'int'),
    futimens: bind('futimens', 'int', 'int', 'void *'),
    lgetxattr: bind('lgetxattr', 'long', 'void *', 'void *', 'void *', 'size_t'),
    lsetxattr: bind('lsetxattr', 'int', 'void *', 'void *', 'void *', 'size_t', 'int'),
    llistxattr: bind('llistxattr', 'long', 'void *', 'void *', 'size_t'),
    lremovexattr: bind('lremovexattr', 'int', 'void *', 'void *'),
    syncfs: syncfs as (fd: number) => number,
    syncfsAsync: (fd) =>
      new Promise((resolve, reject) => {
        syncfs.async(fd, (error: unknown, result: number) => {
          if (error) reject(error);
          else resolve(result);
        });
      }),
    syncFileRange: bind('sync_file_range', 'int', 'int', 'long', 'long', 'uint'),
    lseek: bind('lseek', 'long', 'int', 'long', 'int'),
    fallocate: bind('fallocate', 'int', 'int', 'int', 'long', 'long'),
    copyFileRange: bind('copy_file_range', 'long', 'int', 'void *', 'int', 'void *', 'size_t', 'uint'),
    waitpid: bind('waitpid', 'int', 'int', 'void *', 'int'),
    prctl: bind('prctl', 'int', 'int', 'ulong', 'ulong', 'ulong', 'ulong'),
    prctlName: bind('prctl', 'int', 'int', 'void *', 'ulong', 'ulong', 'ulong'),
    setsid: bind('setsid', 'int'),
    socket: bind('socket', 'int', 'int', 'int', 'int'),
    bind: bind('bind', 'int', 'int', 'void *', 'uint'),
    listen: bind('listen', 'int', 'int', 'int'),
    accept4: bind('accept4', 'int', 'int', 'void *', 'void *', 'int'),
    recvmsg: bind('recvmsg', 'long', 'int', 'void *', 'int'),
    setsockopt: bind('setsockopt', 'int', 'int', 'int', 'int', 'void *', 'uint'),
    recv: bind('recv', 'long', 'int', 'void *', 'size_t', 'int'),
    send: send as (fd: number, bytes: Pointer, size: number, flags: number) => number,
    sendAsync: (fd, bytes, flags) =>
      new Promise((resolve, reject) => {
        send.async(fd, bytes, bytes.length, flags, (error: unknown, result: number) => {
          if (error) reject(error);
          else resolve(result);
        });
      }),
    sysconf: bind('sysconf', 'long', 'int'),
    mallocTrim: orNothing(() => bind('malloc_trim', 'int', 'size_t')),
    mknodat: syscall('int', 'void *', 'uint', 'uint'),
    openat2: syscall('int', 'void *', 'void *', 'size_t'),
    openTree: syscall('int', 'void *', 'uint'),
    moveMount: syscall('int', 'void *', 'int', 'void *', 'uint'),
    fsopen: syscall('void *', 'uint'),
    fsconfig: syscall('int', 'uint', 'void *', 'void *', 'int'),
    fsmount: syscall('int', 'uint', 'uint'),
    mountSetattr: syscall('int', 'void *', 'uint', 'void *', 'size_t'),
    pidfdOpen: syscall('int', 'uint'),
    pidfdSendSignal: syscall('int', 'int', 'void *', 'uint'),
    pidfdGetfd: syscall('int', 'int', 'uint'),
    closeRange: syscall('uint', 'uint', 'uint'),
    mapShared: (fd, size, what) => {
      const address = mmap(null, size, PROT_READ_WRITE, MAP_SHARED, fd, 0) as bigint;
      if (BigInt.asIntN(64, koffi.address(address)) === -1n)
        throw new LinuxError(what(), { errno: koffi.errno(), syscall: 'mmap' });
      return new Uint8Array(koffi.view(address, size));
    },
    poll: (fd, onReadable) => koffi.node.poll(fd, { readable: true, disconnect: true }, onReadable),
  };
}

/** For functions that not every C library has. */
function orNothing(find: () => (...values: number[]) => number): (...values: number[]) => number {
  try {
    return find();
  } catch {
    return () => 0;
  }
}

function loadKoffi(): typeof import('koffi') {
  try {
    return createRequire(import.meta.url)('koffi');
  } catch (cause) {
    throw new LinuxStateError('FFI_UNAVAILABLE', 'Cannot make system calls: koffi cannot be loaded', {
      hint: 'npm ci installs it; its binary is an optional dependency, which --omit=optional leaves out',
      cause,
    });
  }
}
