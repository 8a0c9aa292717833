import { constants } from 'node:fs';
import { cannot, LinuxError } from './errors.ts';
import { libc, O_CLOEXEC, O_PATH, openFile, pathArgument, SYS } from './libc.ts';
import { showPath } from './paths.ts';

const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;
const EINTR = 4;
const EAGAIN = 11;

export interface OpenInRootOptions {
  /** `O_…` of `fs.constants`; default `O_RDONLY`. */
  readonly flags?: number;
  /** With `O_CREAT`; the umask applies. */
  readonly mode?: number;
  readonly directory?: boolean;
  /** Refuse (`ELOOP`) when the last name is a symbolic link. */
  readonly noFollow?: boolean;
}

/**
 * Opens `path` as it would be found by a process whose root is `root`: absolute paths, `..` and symbolic links all
 * stay inside, whatever somebody else changes there meanwhile. One call of the kernel decides (`openat2`, Linux 5.6),
 * so there is nothing to race with.
 *
 * @returns a file descriptor, close-on-exec; the caller closes it
 * @throws {LinuxError} `ENOENT`, `ENOTDIR`, `ELOOP` (also for the magic links of /proc), `ENOSYS`
 */
export function openInRoot(root: string, path: string, options: OpenInRootOptions = {}): number {
  const what = () => `${cannot('open', path)} in "${showPath(root)}"`;
  const { flags = constants.O_RDONLY, mode = 0o666, directory = false, noFollow = false } = options;
  const all =
    flags | O_CLOEXEC | (directory ? constants.O_DIRECTORY : 0) | (noFollow ? constants.O_NOFOLLOW : 0);
  const creates = (flags & constants.O_CREAT) !== 0;
  const resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const how = new BigInt64Array([BigInt(all), creates ? BigInt(mode & 0o7777) : 0n, BigInt(resolve)]);
  const bytes = pathArgument(path, what);
  const rootFd = openFile(root, O_PATH | constants.O_DIRECTORY, () => cannot('open the root', root));
  try {
    for (let attempt = 1; ; attempt++) {
      const fd = libc().openat2(SYS.openat2, rootFd, bytes, how, 24);
      if (fd !== -1) return fd;
      const errno = libc().errno();
      // EAGAIN: something was renamed while `..` was looked up, and the kernel cannot vouch for it.
      const isWorthAnother = errno === EINTR || (errno === EAGAIN && attempt < 100);
      if (!isWorthAnother) throw new LinuxError(what(), { errno, syscall: 'openat2' });
    }
  } finally {
    libc().close(rootFd);
  }
}
