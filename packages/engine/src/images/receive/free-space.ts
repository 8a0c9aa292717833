import { statfs } from 'node:fs/promises';
import { diskFull } from '../disk-full.ts';
import { humanSize } from './progress-bar.ts';

/**
 * Fails at once what would fail at 99%: layers take at least their compressed bytes.
 *
 * @throws {EngineError} `DISK_FULL`
 */
export async function needSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize, ffree, files } = await statfs(folder);
  const free = bavail * bsize;
  if (free < bytes) {
    throw diskFull(`the layers have ${humanSize(bytes)}, "${folder}" has ${humanSize(free)} free`);
  }
  // Some file systems (btrfs) count no inodes and say 0 of 0.
  if (files > 0 && ffree === 0) throw diskFull(`"${folder}" has no inodes left`);
}
