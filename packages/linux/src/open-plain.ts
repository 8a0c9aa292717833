import { constants, fstatSync } from 'node:fs';
import { LinuxError } from './errors.ts';
import { libc, O_PATH, openFile } from './libc.ts';

const EINVAL = 22;
const ELOOP = 40;

/**
 * Opens a regular file or a folder for reading, and nothing else that came in its place: a FIFO would wait for its other end, and a device
 * would feel being opened. The name is looked up once, without opening what it is; that is opened when it is known.
 *
 * @returns a file descriptor, close-on-exec; the caller closes it
 * @throws {LinuxError} `ELOOP` for a symbolic link, `EINVAL` for what else is no file; `ENOENT`
 */
export function openPlain(path: string, what: () => string): number {
  const pinned = openFile(path, O_PATH | constants.O_NOFOLLOW, what);
  try {
    const stat = fstatSync(pinned);
    if (!stat.isFile() && !stat.isDirectory()) {
      throw new LinuxError(what(), {
        errno: stat.isSymbolicLink() ? ELOOP : EINVAL,
        syscall: 'none',
        reason: stat.isSymbolicLink() ? 'it is a symbolic link' : 'it is no file and no folder',
      });
    }
    return openFile(`/proc/self/fd/${pinned}`, constants.O_RDONLY, what);
  } finally {
    libc().close(pinned);
  }
}
