import { closeSync, constants, fchmodSync, unlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { cannot, LinuxError } from './errors.ts';
import { checked, libc, O_PATH, openFile, pathArgument } from './libc.ts';
import { cPath, nativePath } from './paths.ts';
import { untilReadable } from './readable.ts';
import { receiveFds } from './receive-fds.ts';
import { getWindowSize } from './terminals.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x80000;
const EAGAIN = 11;
const ETIMEDOUT = 110;
const EPROTO = 71;
const F_GETFL = 3;
const F_SETFL = 4;
/** `sun_path` of `struct sockaddr_un`, the NUL included. */
const SUN_PATH_BYTES = 108;

export interface ReceiveOptions {
  readonly signal?: AbortSignal;
  /** Default 10 s. */
  readonly timeoutMs?: number;
}

/**
 * Where an OCI runtime (`--console-socket`) hands over the master of the terminal that it made in the container.
 * Waiting holds no thread.
 */
export class ConsoleSocket implements AsyncDisposable {
  readonly path: string;
  #fd: number | undefined;
  readonly #closing = new AbortController();

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /** @throws {LinuxError} `EADDRINUSE` where something lies at the path already */
  static listen(path: string): ConsoleSocket {
    const what = () => cannot('listen on', path);
    pathArgument(path, what);
    const fd = checked(libc().socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), what, 'socket');
    try {
      bindSocket(fd, path, what);
      checked(libc().listen(fd, 8), what, 'listen');
    } catch (error) {
      libc().close(fd);
      throw error;
    }
    return new ConsoleSocket(path, fd);
  }

  /**
   * The next terminal that somebody hands over: its master, close-on-exec and non-blocking. The caller closes it.
   * @throws {LinuxError} `ETIMEDOUT`, `EPROTO` (a message without a file), `ENOTTY`; the reason of `signal`
   */
  async receive(options: ReceiveOptions = {}): Promise<number> {
    const { signal, timeoutMs = 10_000 } = options;
    const what = () => cannot('receive a terminal on', this.path);
    // A timer of ours keeps the process alive; AbortSignal.timeout() would not.
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new LinuxError(what(), { errno: ETIMEDOUT, syscall: 'recvmsg' })),
      timeoutMs,
    );
    const until = AbortSignal.any([late.signal, this.#closing.signal, ...(signal ? [signal] : [])]);
    try {
      const connection = await this.#accept(until, what);
      try {
        return await receiveMaster(connection, until, what);
      } finally {
        libc().close(connection);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #accept(signal: AbortSignal, what: () => string): Promise<number> {
    for (;;) {
      signal.throwIfAborted();
      const fd = this.#fd ?? -1;
      const connection = libc().accept4(fd, null, null, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (connection !== -1) return connection;
      const errno = libc().errno();
      if (errno !== EAGAIN) throw new LinuxError(what(), { errno, syscall: 'accept4' });
      await untilReadable(fd, { signal });
    }
  }

  /** Idempotent; takes the socket file away. Who waits in `receive` is told. */
  async [Symbol.asyncDispose](): Promise<void> {
    const fd = this.#fd;
    if (fd === undefined) return;
    this.#fd = undefined;
    this.#closing.abort(
      new LinuxError(cannot('receive a terminal on', this.path), { errno: 125, syscall: 'accept4' }),
    );
    libc().close(fd);
    try {
      unlinkSync(nativePath(this.path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

async function receiveMaster(connection: number, signal: AbortSignal, what: () => string): Promise<number> {
  for (;;) {
    const received = receiveFds(connection, what);
    if (received === undefined) {
      await untilReadable(connection, { signal });
      continue;
    }
    const [master, ...others] = received;
    for (const fd of others) closeSync(fd);
    if (master === undefined) {
      const reason = 'the runtime sent no terminal';
      throw new LinuxError(what(), { errno: EPROTO, syscall: 'recvmsg', reason });
    }
    try {
      getWindowSize(master);
      const flags = checked(libc().fcntl(master, F_GETFL, 0), what, 'fcntl');
      checked(libc().fcntl(master, F_SETFL, flags | constants.O_NONBLOCK), what, 'fcntl');
      return master;
    } catch (error) {
      closeSync(master);
      throw error;
    }
  }
}

/** A path that `sockaddr_un` has no room for is reached through its folder, held open meanwhile. */
function bindSocket(fd: number, path: string, what: () => string): void {
  if (cPath(path).length <= SUN_PATH_BYTES) {
    bindTo(fd, path, what);
    return;
  }
  const folder = openFile(dirname(path), O_PATH | constants.O_DIRECTORY, what);
  try {
    bindTo(fd, `/proc/thread-self/fd/${folder}/${basename(path)}`, what);
  } finally {
    libc().close(folder);
  }
}

function bindTo(fd: number, path: string, what: () => string): void {
  const name = cPath(path);
  if (name.length > SUN_PATH_BYTES) throw new LinuxError(what(), { errno: 36, syscall: 'bind' });
  const address = Buffer.alloc(2 + SUN_PATH_BYTES);
  address.writeUInt16LE(AF_UNIX);
  name.copy(address, 2);
  // The file gets the mode of the socket: others must not be able to connect, whatever the folder allows.
  fchmodSync(fd, 0o600);
  checked(libc().bind(fd, address, 2 + name.length), what, 'bind');
}
