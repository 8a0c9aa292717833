import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMounts, unmount } from '@berth/linux';
import { openDiskWork } from '../drivers/disk/open-disk-work.ts';

/** A temporary folder, removed with all that is mounted below it, however the test ends. */
export class Scratch implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Scratch> {
    return new Scratch(await mkdtemp(join(tmpdir(), 'berth-storage-')));
  }

  /** Mount points below the folder, outer ones first. */
  mounts(): readonly string[] {
    return readMounts()
      .map(({ mountPoint }) => mountPoint)
      .filter((mountPoint) => mountPoint.startsWith(`${this.path}/`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const mountPoint of this.mounts().toReversed()) unmount(mountPoint, { detach: true });
    await using disk = openDiskWork();
    await disk.removeTree(this.path);
  }
}

/** Why the tests of storage cannot run here; `false` when they can. */
export function whyNotHere(): string | false {
  if (process.platform !== 'linux') return 'needs Linux';
  return process.getuid?.() === 0 ? false : 'needs root: layers hold files of other users, and are mounted';
}
