/**
 * What is kept beside the pool, as JSON. Each file is written whole or not at all, and is durable before the next step.
 *
 *     <home>/
 *       pool/                0700
 *         pool.json          what the pool is; without it there is none
 *         transaction.json   the change to the pool that was begun last
 *         making.json        while the pool is being made on devices that were given
 *         data, metadata     sparse files with the pool in them, where no devices were given
 *       <key>/
 *         device.json        the layer's device in the pool
 *         mnt/, open/        while it is mounted; rootfs/ in it is the root filesystem of the layer
 */
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '@berth/errors';
import { StorageError } from '../../errors.ts';
import type { LayerKey } from '../interface.ts';
import { isLayerKey } from '../keys.ts';
import type { FileSystemName } from './options.ts';

export const POOL_FOLDER = 'pool';
export const POOL_RECORD = 'pool.json';
export const MAKING_RECORD = 'making.json';
export const TRANSACTION_RECORD = 'transaction.json';
export const DEVICE_RECORD = 'device.json';

/** @see linux drivers/md/dm-thin.c: ids have 24 bits */
export const MOST_DEVICE_ID = 2 ** 24 - 1;

/** Where the pool lies. */
export type PoolGround =
  | { readonly type: 'files'; readonly dataBytes: number; readonly metadataBytes: number }
  | { readonly type: 'devices'; readonly data: string; readonly metadata: string }
  /** Made by somebody else, who also looks after it. */
  | { readonly type: 'pool'; readonly name: string };

export interface PoolRecord {
  readonly ground: PoolGround;
  readonly blockBytes: number;
  readonly fileSystem: FileSystemName;
  /** Of the base device, and so of every layer: says that this folder and this pool belong together. */
  readonly fileSystemUuid: string;
  /** How mkfs was called, to be told from what an option says now. */
  readonly mkfsArguments: readonly string[];
  readonly base: DeviceRecord;
}

export interface DeviceRecord {
  readonly id: number;
  readonly bytes: number;
  /** The layer that it was a snapshot of; without one it was the base device. */
  readonly parent?: LayerKey;
}

export interface TransactionRecord {
  /** What the pool's own number is once it is done. */
  readonly id: number;
  readonly change: 'create' | 'delete';
  readonly deviceId: number;
  readonly key: LayerKey;
}

export async function writeRecord(path: string, record: object): Promise<void> {
  const fresh = `${path}.new`;
  {
    await using file = await open(fresh, 'w', 0o600);
    await file.writeFile(`${JSON.stringify(record)}\n`);
    await file.sync();
  }
  await rename(fresh, path);
  await syncFolder(dirname(path));
}

export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

export async function readPoolRecord(path: string): Promise<PoolRecord | undefined> {
  return await readRecord(path, (value) => {
    const { ground, blockBytes, fileSystem, fileSystemUuid, mkfsArguments, base } =
      value as unknown as PoolRecord;
    const isWhole =
      isGround(ground) &&
      isCount(blockBytes) &&
      (fileSystem === 'ext4' || fileSystem === 'xfs') &&
      typeof fileSystemUuid === 'string' &&
      Array.isArray(mkfsArguments) &&
      isDevice(base);
    return isWhole ? { ground, blockBytes, fileSystem, fileSystemUuid, mkfsArguments, base } : undefined;
  });
}

export async function readDeviceRecord(path: string): Promise<DeviceRecord | undefined> {
  return await readRecord(path, (value) => (isDevice(value) ? value : undefined));
}

export async function readTransactionRecord(path: string): Promise<TransactionRecord | undefined> {
  return await readRecord(path, (value) => {
    const { id, change, deviceId, key } = value as unknown as TransactionRecord;
    const isWhole =
      isCount(id) && (change === 'create' || change === 'delete') && isDeviceId(deviceId) && isKey(key);
    return isWhole ? { id, change, deviceId, key } : undefined;
  });
}

/** @throws {StorageError} `LAYER_DAMAGED` for bytes that nobody here has written */
async function readRecord<T>(
  path: string,
  check: (value: Readonly<Record<string, unknown>>) => T | undefined,
): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    throw error;
  }
  const value = parse(text);
  const record =
    typeof value === 'object' && value !== null ? check(value as Record<string, unknown>) : undefined;
  if (record !== undefined) return record;
  throw new StorageError('LAYER_DAMAGED', `Cannot read "${path}": it is not what was written there`, {
    hint: 'Run berth check, which tells what it belongs to',
    detail: { path },
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isDevice(value: unknown): value is DeviceRecord {
  const { id, bytes, parent } = (value ?? {}) as DeviceRecord;
  return isDeviceId(id) && isCount(bytes) && bytes > 0 && (parent === undefined || isKey(parent));
}

function isGround(value: unknown): value is PoolGround {
  const ground = (value ?? {}) as PoolGround;
  if (ground.type === 'files') return isCount(ground.dataBytes) && isCount(ground.metadataBytes);
  if (ground.type === 'devices')
    return typeof ground.data === 'string' && typeof ground.metadata === 'string';
  return ground.type === 'pool' && typeof ground.name === 'string';
}

function isKey(value: unknown): value is LayerKey {
  return typeof value === 'string' && isLayerKey(value);
}

function isDeviceId(value: unknown): value is number {
  return isCount(value) && value <= MOST_DEVICE_ID;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
