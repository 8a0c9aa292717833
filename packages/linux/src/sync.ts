import { constants } from 'node:fs';
import { cannot, LinuxError } from './errors.ts';
import { checked, libc, openFile } from './libc.ts';

/**
 * Writes everything of the file system that `path` is on to its disk. Blocks this thread, for as long as seconds: in a
 * worker only.
 *
 * @throws {LinuxError} `EIO`, `ENOSPC`, `EDQUOT` also for what was written earlier and could not be stored (Linux 5.8)
 */
export function syncFileSystem(path: string): void {
  const what = () => cannot('sync the file system of', path);
  const fd = openFile(path, constants.O_RDONLY | constants.O_NONBLOCK, what);
  try {
    checked(libc().syncfs(fd), what, 'syncfs');
  } finally {
    libc().close(fd);
  }
}

/**
 * The same on a thread of the pool. It cannot be interrupted: nothing in the kernel can.
 *
 * @throws {LinuxError} `EIO` whatever the reason: errno stays on the other thread, and the kernel tells of what was lost
 * only once, so that asking again here would hear of success
 */
export async function syncFileSystemAsync(path: string): Promise<void> {
  const what = () => cannot('sync the file system of', path);
  const fd = openFile(path, constants.O_RDONLY | constants.O_NONBLOCK, what);
  try {
    if ((await libc().syncfsAsync(fd)) === 0) return;
    const reason = 'the disk could not keep all that was written';
    throw new LinuxError(what(), { errno: EIO, syscall: 'syncfs', reason, hint: 'dmesg tells which disk' });
  } finally {
    libc().close(fd);
  }
}

const EIO = 5;
