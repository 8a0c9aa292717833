import { execFile } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hasCode } from '@berth/errors';
import { attachLoop, mountFileSystem, readMounts, unmount } from '@berth/linux';

/** Sparse: it takes what is written. */
const BTRFS_BYTES = 64 * 1024 ** 3;

/** Where one driver is measured; goes when it is disposed of, with all that is in it but its folder. */
export interface Place extends AsyncDisposable {
  /** For the layer store. */
  readonly root: string;
  readonly note?: string;
}

/** A driver that wants a file system of its own gets one in a file, where the machine has the program that makes it. */
export async function openPlace(driver: string, folder: string): Promise<Place> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (driver !== 'btrfs' || fileSystemOf(folder) === 'btrfs') {
    return { root: join(folder, 'store'), async [Symbol.asyncDispose]() {} };
  }
  const file = join(folder, 'disk');
  const mountPoint = join(folder, 'mounted');
  await mkdir(mountPoint);
  await using handle = await open(file, 'wx', 0o600);
  await handle.truncate(BTRFS_BYTES);
  try {
    await promisify(execFile)('mkfs.btrfs', ['--quiet', file]);
  } catch (error) {
    // The probe then says that the folder is on something else, and what to do.
    if (hasCode(error) && error.code === 'ENOENT') {
      return { root: join(folder, 'store'), async [Symbol.asyncDispose]() {} };
    }
    throw error;
  }
  // It goes with its last user: the mount.
  using loop = attachLoop(file);
  mountFileSystem(mountPoint, { type: 'btrfs', source: loop.path });
  return {
    root: join(mountPoint, 'store'),
    note: 'btrfs-in-a-file',
    [Symbol.asyncDispose]: async () => unmount(mountPoint, { detach: true }),
  };
}

/** As the kernel names it. */
export function fileSystemOf(folder: string): string {
  const above = readMounts().filter(
    ({ mountPoint }) => mountPoint === '/' || folder === mountPoint || folder.startsWith(`${mountPoint}/`),
  );
  return above.toSorted((a, b) => a.mountPoint.length - b.mountPoint.length).at(-1)?.fsType ?? 'unknown';
}
