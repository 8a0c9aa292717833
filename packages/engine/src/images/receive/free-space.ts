import { statfs } from 'node:fs/promises';
import { EngineError } from '../../errors.ts';
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
    throw new EngineError(
      'DISK_FULL',
      `no space left on device: the layers have ${humanSize(bytes)} compressed, "${folder}" has ${humanSize(free)} free`,
      { hint: 'Make room: docker image prune, docker container prune', detail: { free, needed: bytes } },
    );
  }
  // Some file systems (btrfs) count no inodes and say 0 of 0.
  if (files > 0 && ffree === 0) {
    throw new EngineError('DISK_FULL', `no space left on device: "${folder}" has no inodes left`, {
      hint: 'Make room: docker image prune, docker container prune',
    });
  }
}
