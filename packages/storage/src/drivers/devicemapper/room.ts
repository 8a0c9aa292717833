import { statfs } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import { StorageError } from '../../errors.ts';
import { asDiskFull } from '../disk/disk-full.ts';
import type { OpenPool } from './open-pool.ts';
import type { Place } from './place.ts';
import { METADATA_BLOCK_BYTES, type PoolStatus, type Share } from './pool-lines.ts';

/** Of the disk below the files of a pool no more than this is kept free. */
const MOST_DISK_RESERVE_BYTES = 1024 ** 3;

const HINT = 'Remove images or containers, enlarge the pool, or lower dm.min_free_space';

/** Bytes of a pool, and for one in files what the disk below them lets it have. */
export interface Room {
  readonly status: PoolStatus;
  readonly freeDataBytes: number;
  readonly freeMetadataBytes: number;
}

export async function roomOf({ home }: Place, { thin, record }: OpenPool): Promise<Room> {
  const status = await thin.status();
  const inPool = freeOf(status.data) * thin.blockBytes;
  const { bavail, bsize } =
    record.ground.type === 'files' ? await statfs(home.path) : { bavail: Infinity, bsize: 1 };
  return {
    status,
    freeDataBytes: Math.min(inPool, bavail * bsize),
    freeMetadataBytes: freeOf(status.metadata) * METADATA_BLOCK_BYTES,
  };
}

/**
 * Before a layer is made: it takes no space yet, and would run out of it as soon as somebody writes.
 *
 * @throws {StorageError} `DISK_FULL`
 */
export async function assertRoom(place: Place, pool: OpenPool): Promise<void> {
  const { minFreePercent } = place.options;
  const { data, metadata } = await pool.thin.status();
  for (const [what, share] of [
    ['data', data],
    ['metadata', metadata],
  ] as const) {
    const least = Math.floor((share.total * minFreePercent) / 100) || 1;
    if (freeOf(share) >= least) continue;
    throw new StorageError(
      'DISK_FULL',
      `Cannot make a layer: Thin Pool has ${freeOf(share)} free ${what} blocks which is less than minimum required ${least} free ${what} blocks`,
      { hint: HINT, detail: { pool: pool.thin.name, free: freeOf(share), least } },
    );
  }
  if (pool.record.ground.type === 'files') await assertDiskRoom(place);
}

/** Files with holes promise more than the disk may have. */
async function assertDiskRoom({ home, options }: Place): Promise<void> {
  const { bavail, blocks, bsize } = await statfs(home.path);
  const least = Math.min((blocks * bsize * options.minFreePercent) / 100, MOST_DISK_RESERVE_BYTES);
  const free = bavail * bsize;
  if (free >= least) return;
  throw new StorageError(
    'DISK_FULL',
    `Cannot make a layer: the disk below "${home.path}" has ${free} bytes free, and ${Math.floor(least)} are kept for the thin pool`,
    { hint: HINT, detail: { path: home.path, freeBytes: free } },
  );
}

/** Failures of a device or of its file system; what else goes wrong has its own words. */
const OF_DISKS = new Set(['DISK_FAILED', 'EIO', 'EROFS', 'ENOSPC']);

/**
 * A full pool, or a full disk below its files, shows as an error of a device: what is behind it is said instead.
 *
 * @returns the error to throw
 */
export async function asPoolFull(error: unknown, place: Place, pool: OpenPool | undefined): Promise<unknown> {
  if (!hasCode(error) || !OF_DISKS.has(error.code)) return error;
  const { home } = place;
  const { bavail, bsize } = await statfs(home.path);
  // Less than one block of the pool: nothing can be written to its files any more.
  const isDiskFull = bavail * bsize < (pool?.thin.blockBytes ?? 1024 ** 2);
  const { thinPoolDevice, dataDevice } = place.options;
  const isOnFiles =
    pool === undefined ? (thinPoolDevice ?? dataDevice) === undefined : pool.record.ground.type === 'files';
  if (isOnFiles && isDiskFull) {
    return await asDiskFull(
      Object.assign(new Error('no space left', { cause: error }), { code: 'ENOSPC' }),
      home.path,
    );
  }
  if (pool === undefined) return error;
  const status = await pool.thin.status().catch(() => undefined);
  if (status === undefined || (status.mode === 'rw' && freeOf(status.data) > 0)) return error;
  if (status.mode === 'ro' && freeOf(status.metadata) > 0) return error;
  return new StorageError('DISK_FULL', `Cannot write to the thin pool "${pool.thin.name}": it is full`, {
    hint: HINT,
    detail: { pool: pool.thin.name, freeBytes: freeOf(status.data) * pool.thin.blockBytes },
    cause: error,
  });
}

export function freeOf({ used, total }: Share): number {
  return total - used;
}
