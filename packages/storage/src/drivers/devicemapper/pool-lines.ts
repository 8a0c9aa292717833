/**
 * What the kernel says of a thin pool, in one line each.
 *
 * @see linux Documentation/admin-guide/device-mapper/thin-provisioning.rst
 */
import { StorageError } from '../../errors.ts';

export const SECTOR_BYTES = 512;
/** Of the pool's metadata, whatever the size of its data blocks. */
export const METADATA_BLOCK_BYTES = 4096;

export interface Share {
  readonly used: number;
  readonly total: number;
}

export interface PoolStatus {
  readonly transactionId: number;
  /** In blocks of 4 KiB. */
  readonly metadata: Share;
  /** In the pool's own blocks. */
  readonly data: Share;
  /** Somebody holds a snapshot of the metadata for reading. */
  readonly isMetadataHeld: boolean;
  readonly mode: 'rw' | 'ro' | 'out_of_data_space';
  /** A full pool answers writes with ENOSPC; else it lets them wait. */
  readonly errorsWhenFull: boolean;
  /** It wrote its metadata only in part, and takes no changes before thin_check has looked at it. */
  readonly needsCheck: boolean;
}

/** @returns `failed` for a pool that cannot read its metadata */
export function parsePoolStatus(line: string): PoolStatus | 'failed' {
  const [, , target, transactionId = '', metadata = '', data = '', heldRoot, ...words] = line.split(' ');
  if (target !== 'thin-pool') throw unreadable(line);
  if (transactionId === 'Fail' || transactionId === 'Error') return 'failed';
  const mode = words.find((word) => word === 'rw' || word === 'ro' || word === 'out_of_data_space');
  if (mode === undefined) throw unreadable(line);
  return {
    transactionId: Number(transactionId),
    metadata: parseShare(metadata),
    data: parseShare(data),
    isMetadataHeld: heldRoot !== '-',
    mode,
    errorsWhenFull: words.includes('error_if_no_space'),
    needsCheck: words.includes('needs_check'),
  };
}

export interface PoolTable {
  readonly sectors: number;
  /** `7:1`, or a path where we have made it. */
  readonly metadataDevice: string;
  readonly dataDevice: string;
  readonly blockBytes: number;
  /** New blocks are not zeroed before they are written to in part. */
  readonly keepsOldBytes: boolean;
}

/** @returns undefined for a device of another kind */
export function parsePoolTable(line: string): PoolTable | undefined {
  const [, sectors, target, metadataDevice, dataDevice, blockSectors, ...words] = line.split(' ');
  if (target !== 'thin-pool' || metadataDevice === undefined || dataDevice === undefined) return undefined;
  return {
    sectors: Number(sectors),
    metadataDevice,
    dataDevice,
    blockBytes: Number(blockSectors) * SECTOR_BYTES,
    keepsOldBytes: words.includes('skip_block_zeroing'),
  };
}

export interface NewPool {
  readonly dataBytes: number;
  readonly metadataDevice: string;
  readonly dataDevice: string;
  readonly blockBytes: number;
}

/**
 * A pool that says ENOSPC when it is full, instead of letting writers wait for ever. Its new blocks are zeroed: what a layer reads was
 * never another one's.
 */
export function poolTable({ dataBytes, metadataDevice, dataDevice, blockBytes }: NewPool): string {
  // The kernel tells user space when so many blocks are left; nobody listens.
  const lowWaterMark = 0;
  const blockSectors = blockBytes / SECTOR_BYTES;
  const sectors = Math.floor(dataBytes / blockBytes) * blockSectors;
  return `0 ${sectors} thin-pool ${metadataDevice} ${dataDevice} ${blockSectors} ${lowWaterMark} 1 error_if_no_space`;
}

export function thinTable(
  pool: string,
  { id, bytes }: { readonly id: number; readonly bytes: number },
): string {
  return `0 ${Math.floor(bytes / SECTOR_BYTES)} thin ${pool} ${id}`;
}

function parseShare(text: string): Share {
  const [used, total] = text.split('/').map(Number);
  if (used === undefined || total === undefined || !(used >= 0 && total >= used)) throw unreadable(text);
  return { used, total };
}

function unreadable(line: string): StorageError {
  return new StorageError('DISK_FAILED', `Cannot read the state of the thin pool: "${line}"`);
}
