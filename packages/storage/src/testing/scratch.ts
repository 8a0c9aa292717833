import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { readMounts, unmount } from '@berth/linux';
import { openDiskWork } from '../drivers/disk/open-disk-work.ts';
import { ANY_PLACE, type SuitePlace } from './suite-place.ts';

/** A temporary folder, removed with all that is mounted below it, however the test ends. */
export class Scratch implements AsyncDisposable {
  readonly path: string;
  readonly #letGo: SuitePlace['letGo'];

  private constructor(path: string, letGo: SuitePlace['letGo']) {
    this.path = path;
    this.#letGo = letGo;
  }

  static async make(inside: string | Pick<SuitePlace, 'path' | 'letGo'> = ANY_PLACE): Promise<Scratch> {
    const { path, letGo } = typeof inside === 'string' ? { path: inside, letGo: undefined } : inside;
    return new Scratch(await mkdtemp(join(path, 'berth-storage-')), letGo);
  }

  /** Mount points below the folder, outer ones first. */
  mounts(): readonly string[] {
    return readMounts()
      .map(({ mountPoint }) => mountPoint)
      .filter((mountPoint) => mountPoint.startsWith(`${this.path}/`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const mounts = this.mounts();
    for (const mountPoint of mounts.toReversed()) unmount(mountPoint, { detach: true });
    const left = (await this.#letGo?.(this.path)) ?? [];
    await using disk = openDiskWork();
    await disk.removeTree(this.path);
    // What is mounted to the end keeps what it lies on.
    if (mounts.length === 0 && left.length > 0) throw new Error(`Still in the kernel: ${left.join(', ')}`);
  }
}

/** Why the tests of storage cannot run here; `false` when they can. */
export function whyNotHere(): string | false {
  if (process.platform !== 'linux') return 'needs Linux';
  return process.getuid?.() === 0 ? false : 'needs root: layers hold files of other users, and are mounted';
}
