import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { hasCode } from '@berth/errors';
import { StorageError } from '../../errors.ts';
import { takeMountDown } from '../mount-point.ts';
import { createDevice, deviceErrno, listDevices, removeDevice } from './dmsetup.ts';
import {
  defaultFileSystem,
  makeFileSystem,
  mountDevice,
  readSuperblock,
  type Superblock,
} from './file-systems.ts';
import { optionInvalid, type PoolOptions } from './options.ts';
import { baseName, numbersOf, type Place, poolName, trialOfName } from './place.ts';
import {
  assertBlank,
  attachGround,
  makeFiles,
  type OwnGround,
  removeFiles,
  wipeMetadata,
} from './pool-ground.ts';
import { thinTable } from './pool-lines.ts';
import {
  MAKING_RECORD,
  POOL_FOLDER,
  POOL_RECORD,
  type PoolGround,
  type PoolRecord,
  syncFolder,
  TRANSACTION_RECORD,
  writeRecord,
} from './records.ts';
import { ThinPool } from './thin-pool.ts';

/** Docker's sizes, so that its documents hold. */
export const DEFAULT_BASE_BYTES = 10 * 1024 ** 3;
const DATA_BYTES = 100 * 1024 ** 3;
const METADATA_BYTES = 2 * 1024 ** 3;
const BLOCK_BYTES = 64 * 1024;
const BASE_ID = 0;
/** What the pool counts on from. */
export const FIRST_NUMBER = 1;
/** Where the base device is mounted while it is looked at. */
export const BASE_MOUNT = 'base';
/** The root filesystem of a layer in its file system: so what that one has for itself (`lost+found`) is in no layer. */
export const ROOTFS = 'rootfs';
const ROOTFS_MODE = 0o755;

/**
 * Makes the pool and the base device in it: an empty file system that every layer is a snapshot of, by way of other snapshots. What a
 * stop left of an earlier try is taken away first; until the record is written there is no pool.
 *
 * @throws {StorageError} `DISK_FULL`, `DRIVER_OPTION_INVALID`, `DRIVER_UNSUPPORTED`
 */
export async function makePool(
  place: Place,
): Promise<{ readonly pool: ThinPool; readonly record: PoolRecord }> {
  const { home, options, prefix, onStep } = place;
  const folder = join(home.path, POOL_FOLDER);
  onStep('make-folder');
  if (!(await makeFolder(folder))) await letGo(place);
  await rm(join(folder, TRANSACTION_RECORD), { force: true });
  const ground = await groundOf(place);
  const isOwn = ground.type !== 'pool';
  onStep('make-pool');
  const pool = isOwn ? await makeOwn(place, ground) : await takePool(place, ground.name);
  try {
    onStep('make-base');
    const baseBytes = options.baseSizeBytes ?? DEFAULT_BASE_BYTES;
    const fileSystem = options.fileSystem ?? (await defaultFileSystem(baseBytes));
    const mkfsArguments = options.mkfsArguments ?? [];
    if (!isOwn) await pool.delete(BASE_ID);
    if (!(await pool.createThin(BASE_ID))) throw new Error('The base device cannot be made and is not there');
    const base = await createDevice(
      baseName(prefix),
      thinTable(pool.device.numbers, { id: BASE_ID, bytes: baseBytes }),
    );
    const { keepsOldBytes } = pool.table;
    await makeFileSystem(fileSystem, base.path, { keepsOldBytes, mkfsArguments });
    const { uuid } = await fill(folder, { device: base.path, fileSystem, options });
    await removeDevice(base.name);
    onStep('make-number');
    const number = isOwn ? 0 : (await pool.status()).transactionId;
    await pool.setTransaction(number, FIRST_NUMBER);
    onStep('make-record');
    const record: PoolRecord = {
      ...{ ground, fileSystem, fileSystemUuid: uuid, mkfsArguments, blockBytes: pool.blockBytes },
      base: { id: BASE_ID, bytes: baseBytes },
    };
    await writeRecord(join(folder, POOL_RECORD), record);
    await syncFolder(home.path);
    onStep('made-pool');
    await rm(join(folder, MAKING_RECORD), { force: true });
    return { pool, record };
  } catch (error) {
    await letGo(place).catch(() => undefined);
    if (ground.type === 'files') await removeFiles(folder);
    throw error;
  }
}

/** @returns `false` when it was there */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if (hasCode(error) && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Whatever the kernel has of this folder, from a try that was stopped or a folder that had this inode before. */
async function letGo({ home, prefix }: Place): Promise<void> {
  await takeMountDown(join(home.path, POOL_FOLDER, BASE_MOUNT));
  const names = (await listDevices(prefix)).map(({ name }) => name);
  const pool = poolName(prefix);
  // Somebody may try at this moment whether there can be a pool.
  const others = names.filter((name) => name !== pool && trialOfName(prefix, name) === undefined);
  for (const name of others) await removeDevice(name);
  if (!names.includes(pool) || (await removeDevice(pool))) return;
  throw new StorageError('DISK_FAILED', `Cannot make a thin pool: "${pool}" is there and in use`, {
    hint: `dmsetup ls --tree tells by what; when that is gone: dmsetup remove ${pool}`,
  });
}

async function groundOf({ options }: Place): Promise<PoolGround> {
  const { thinPoolDevice, dataDevice, metadataDevice } = options;
  if (thinPoolDevice !== undefined) return { type: 'pool', name: await nameOfPool(thinPoolDevice) };
  if (dataDevice !== undefined && metadataDevice !== undefined) {
    return { type: 'devices', data: dataDevice, metadata: metadataDevice };
  }
  const { loopDataBytes: dataBytes = DATA_BYTES, loopMetadataBytes: metadataBytes = METADATA_BYTES } =
    options;
  return { type: 'files', dataBytes, metadataBytes };
}

/**
 * `/dev/mapper/vg-pool`, `/dev/vg/pool` or the name itself.
 * @throws {StorageError} `DRIVER_OPTION_INVALID` for a path where no device of the device mapper is
 */
export async function nameOfPool(given: string): Promise<string> {
  if (!given.startsWith('/')) return given;
  let rdev: number;
  try {
    ({ rdev } = await stat(given));
  } catch (error) {
    if (!(hasCode(error) && error.code === 'ENOENT')) throw error;
    throw optionInvalid('dm.thinpooldev', `"${given}" is not there`);
  }
  const found = (await listDevices('')).find(({ numbers }) => numbers === numbersOf(rdev));
  if (found !== undefined) return found.name;
  throw optionInvalid('dm.thinpooldev', `"${given}" is no device of the device mapper`);
}

async function makeOwn(place: Place, ground: OwnGround): Promise<ThinPool> {
  const { home, options, prefix } = place;
  const folder = join(home.path, POOL_FOLDER);
  if (ground.type === 'files') await makeFiles(folder, ground);
  else await takeDevices(join(folder, MAKING_RECORD), ground);
  using attached = await attachGround(folder, ground);
  const { data: dataDevice, metadata: metadataDevice, dataBytes } = attached;
  const { blockBytes = BLOCK_BYTES } = options;
  const pool = { dataBytes, dataDevice, metadataDevice, blockBytes };
  try {
    return await ThinPool.create(poolName(prefix), pool);
  } catch (error) {
    if (deviceErrno(error) !== 'EBUSY') throw error;
  }
  // A folder that was removed had this inode before.
  await letGo(place);
  return await ThinPool.create(poolName(prefix), pool);
}

/** Devices are ours when they are blank, or were when we began with these and no others. */
async function takeDevices(making: string, ground: OwnGround & { readonly type: 'devices' }): Promise<void> {
  if (!(await hasBegunWith(making, ground))) await assertBlank(ground);
  await writeRecord(making, ground);
  await wipeMetadata(ground);
}

async function takePool({ home }: Place, name: string): Promise<ThinPool> {
  const pool = await ThinPool.find(name);
  if (pool === undefined) throw optionInvalid('dm.thinpooldev', `there is no active pool "${name}"`);
  const making = join(home.path, POOL_FOLDER, MAKING_RECORD);
  const { data, transactionId } = await pool.status();
  const isOurs = await hasBegunWith(making, { name });
  if (!isOurs && (data.used > 0 || transactionId !== 0)) {
    throw optionInvalid(
      'dm.thinpooldev',
      `Unable to take ownership of thin-pool (${name}) that already has used data blocks`,
      'Give a pool that nobody has used: lvmthin(7) tells how to make one',
    );
  }
  await writeRecord(making, { name });
  return pool;
}

/** Makes the folder that is the root filesystem of the first layer of all, as the mount options of all layers want it. */
async function fill(
  folder: string,
  {
    device,
    fileSystem,
    options,
  }: { readonly device: string; readonly fileSystem: 'ext4' | 'xfs'; readonly options: PoolOptions },
): Promise<Superblock> {
  const mountPoint = join(folder, BASE_MOUNT);
  await mkdir(mountPoint, { mode: 0o700 });
  try {
    await mountBase(fileSystem, device, { mountPoint, options: options.mountOptions });
    await mkdir(join(mountPoint, ROOTFS), { mode: ROOTFS_MODE });
    await syncFolder(join(mountPoint, ROOTFS));
  } finally {
    await takeMountDown(mountPoint);
  }
  const superblock = await readSuperblock(device);
  if (superblock?.fileSystem === fileSystem) return superblock;
  throw new Error(`There is no ${fileSystem} on ${device} after it was made`);
}

/** @throws {StorageError} `DRIVER_OPTION_INVALID` for options that the file system does not take */
export async function mountBase(
  fileSystem: 'ext4' | 'xfs',
  device: string,
  place: { readonly mountPoint: string; readonly options: readonly string[]; readonly isReadonly?: boolean },
): Promise<void> {
  try {
    await mountDevice(fileSystem, device, place);
  } catch (error) {
    if (!(hasCode(error) && error.code === 'EINVAL' && place.options.length > 0)) throw error;
    throw optionInvalid('dm.mountopt', `${fileSystem} does not mount with "${place.options.join(',')}"`);
  }
}

/** Whether a pool was being made before on just this. What cannot be read says nothing. */
async function hasBegunWith(making: string, ground: object): Promise<boolean> {
  let text: string;
  try {
    text = await readFile(making, 'utf8');
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return false;
    throw error;
  }
  try {
    return isDeepStrictEqual(JSON.parse(text), ground);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
