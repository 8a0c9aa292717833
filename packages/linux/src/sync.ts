import { constants } from 'node:fs';
import { cannot, LinuxError } from './errors.ts';
import { checked, libc, openFile } from './libc.ts';

const EIO = 5;

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
  using held = HeldFileSystem.open(path);
  await held.sync();
}

/**
 * A file system that is synced again and again. What is opened anew for each sync hears nothing of a write that was lost when
 * somebody else has been told of it meanwhile; what stays open is told of each, once (errseq_t, Linux 5.8).
 */
export class HeldFileSystem implements Disposable {
  readonly #path: string;
  #fd: number | undefined;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /** The one that `path` is on. It cannot be unmounted until this is disposed of. */
  static open(path: string): HeldFileSystem {
    const what = () => cannot('sync the file system of', path);
    return new HeldFileSystem(path, openFile(path, constants.O_RDONLY | constants.O_NONBLOCK, what));
  }

  /** On a thread of the pool, as `syncFileSystemAsync`. Not to be disposed of while it runs. @throws {LinuxError} `EIO` */
  async sync(): Promise<void> {
    if (this.#fd === undefined) throw new Error(`The file system of ${this.#path} is held no more`);
    if ((await libc().syncfsAsync(this.#fd)) === 0) return;
    throw new LinuxError(cannot('sync the file system of', this.#path), {
      errno: EIO,
      syscall: 'syncfs',
      reason: 'the disk could not keep all that was written',
      hint: 'dmesg tells which disk',
    });
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) libc().close(this.#fd);
    this.#fd = undefined;
  }
}

/** <linux/fs.h> */
const SYNC_FILE_RANGE_WRITE = 2;

/**
 * Has the kernel begin to write a part of an open file to its disk, so that a sync which comes later has less to do. Waits
 * for nothing but a full queue of the disk. A hint: what goes wrong with the bytes is told by the sync.
 */
export function startWriteBack(
  fd: number,
  range: { readonly offset: number; readonly length: number },
): void {
  libc().syncFileRange(fd, range.offset, range.length, SYNC_FILE_RANGE_WRITE);
}
