import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMountPoint } from '@berth/linux';
import { StorageError } from '../../errors.ts';
import type { DriverHome } from '../home.ts';
import type { LayerKey } from '../interface.ts';
import { takeMountDown } from '../mount-point.ts';
import { DeviceIds } from './device-ids.ts';
import { createDevice, deviceErrno, findDevice, keepDevice, removeDevice } from './dmsetup.ts';
import { growFileSystem, readSuperblock } from './file-systems.ts';
import { LayerDevices } from './layer-devices.ts';
import { BASE_MOUNT, FIRST_NUMBER, makePool, mountBase, nameOfPool } from './make-pool.ts';
import { optionInvalid, type PoolOptions } from './options.ts';
import { baseName, type Place, poolName } from './place.ts';
import { PoolChanges, rollBack } from './pool-changes.ts';
import { attachGround, groundOfActive, growFiles, needsCheck, type OwnGround } from './pool-ground.ts';
import { METADATA_BLOCK_BYTES, SECTOR_BYTES, thinTable } from './pool-lines.ts';
import { PoolMetadata } from './pool-metadata.ts';
import {
  DEVICE_RECORD,
  type DeviceRecord,
  MAKING_RECORD,
  POOL_FOLDER,
  POOL_RECORD,
  type PoolRecord,
  readDeviceRecord,
  readPoolRecord,
  writeRecord,
} from './records.ts';
import { runProgram } from './run-program.ts';
import { showSize } from './sizes.ts';
import { ThinPool } from './thin-pool.ts';

/** Where a layer is mounted: for its users, and for as long as its files are read or filled. */
export const MOUNT = 'mnt';
export const OPEN_MOUNT = 'open';

/** A pool that is active, with all that belongs to it. */
export interface OpenPool {
  readonly thin: ThinPool;
  readonly record: PoolRecord;
  readonly changes: PoolChanges;
  readonly devices: LayerDevices;
  readonly metadata: PoolMetadata;
}

/**
 * Makes the pool that a folder has active, or takes it over from an earlier process, and ends what that one was about to do.
 *
 * @returns undefined when there is none yet
 * @throws {StorageError} `DRIVER_UNSUPPORTED` for another pool than the one that the folder knows, `DRIVER_OPTION_INVALID`
 */
export async function openPool(place: Place): Promise<OpenPool | undefined> {
  const folder = join(place.home.path, POOL_FOLDER);
  const found = await readPoolRecord(join(folder, POOL_RECORD));
  if (found === undefined) return undefined;
  assertSame(place.options, found);
  await assertSamePool(place.options, found);
  await rm(join(folder, MAKING_RECORD), { force: true });
  const thin = await activate(place, found);
  const number = await assertWorks(thin);
  const record = await takeBase(place, { thin, record: found });
  const { home } = place;
  await rollBack(thin, { home, number });
  const pool = await withLayers(place, { thin, record, number });
  const { devices } = pool;
  for (const key of await devices.takeOver()) await settle(home, { key, devices });
  return pool;
}

export async function openNewPool(place: Place): Promise<OpenPool> {
  const { pool: thin, record } = await makePool(place);
  return await withLayers(place, { thin, record, number: FIRST_NUMBER });
}

const FIXED = 'It is fixed when the first layer is made';

/** What cannot be changed once there are layers is said as such, and not passed over. */
function assertSame(
  options: PoolOptions,
  { ground, blockBytes, fileSystem, mkfsArguments }: PoolRecord,
): void {
  const refuse = (name: string, reason: string): never => {
    throw optionInvalid(name, reason, `${FIXED}: leave the option out, or begin with an empty data folder`);
  };
  if (options.blockBytes !== undefined && options.blockBytes !== blockBytes) {
    refuse('dm.blocksize', `the pool has blocks of ${blockBytes / 1024}K`);
  }
  if (options.fileSystem !== undefined && options.fileSystem !== fileSystem) {
    refuse('dm.fs', `the layers are on ${fileSystem}`);
  }
  if (options.mkfsArguments !== undefined && options.mkfsArguments.join(' ') !== mkfsArguments.join(' ')) {
    refuse('dm.mkfsarg', `the base device was made with "${mkfsArguments.join(' ')}"`);
  }
  const { thinPoolDevice, dataDevice, metadataDevice } = options;
  if (thinPoolDevice !== undefined && ground.type !== 'pool') {
    refuse('dm.thinpooldev', `the layers are on ${groundText(ground)}`);
  }
  if (dataDevice !== undefined && ground.type !== 'devices') {
    refuse('dm.datadev', `the layers are on ${groundText(ground)}`);
  }
  if (ground.type === 'devices' && dataDevice !== undefined && dataDevice !== ground.data) {
    refuse('dm.datadev', `the layers are on "${ground.data}"`);
  }
  if (ground.type === 'devices' && metadataDevice !== undefined && metadataDevice !== ground.metadata) {
    refuse('dm.metadatadev', `the metadata are on "${ground.metadata}"`);
  }
  if (ground.type === 'files') return;
  for (const [name, bytes] of [
    ['dm.loopdatasize', options.loopDataBytes],
    ['dm.loopmetadatasize', options.loopMetadataBytes],
  ] as const) {
    if (bytes !== undefined) refuse(name, `the layers are on ${groundText(ground)}`);
  }
}

async function assertSamePool({ thinPoolDevice: given }: PoolOptions, { ground }: PoolRecord): Promise<void> {
  if (given === undefined || ground.type !== 'pool') return;
  // By the name alone where that says it: a pool that is not active has no path, and is told as such.
  if (given === ground.name || given === join('/dev/mapper', ground.name)) return;
  const name = await nameOfPool(given);
  if (name === ground.name) return;
  throw optionInvalid(
    'dm.thinpooldev',
    `the layers are on the pool "${ground.name}", not on "${name}"`,
    `${FIXED}: give "${ground.name}" or leave the option out, or begin with an empty data folder`,
  );
}

function groundText(ground: PoolRecord['ground']): string {
  if (ground.type === 'files') return 'files of this data folder';
  return ground.type === 'devices' ? `"${ground.data}"` : `the pool "${ground.name}"`;
}

async function activate(place: Place, { ground, blockBytes }: PoolRecord): Promise<ThinPool> {
  const { home, options, prefix } = place;
  if (ground.type === 'pool') {
    const pool = await ThinPool.find(ground.name);
    if (pool !== undefined) return pool;
    throw new StorageError(
      'DRIVER_UNSUPPORTED',
      `Cannot use the thin pool "${ground.name}": it is not active`,
      {
        hint: 'Activate it, for lvm with: lvchange --activate y <volume group>/<pool>',
      },
    );
  }
  const folder = join(home.path, POOL_FOLDER);
  if (ground.type === 'files') await growFiles(folder, options);
  const active = await takeOverActive(place, ground);
  if (active !== undefined) return active;
  using attached = await attachGround(folder, ground);
  const { data: dataDevice, metadata: metadataDevice, dataBytes } = attached;
  await checkMetadata(metadataDevice);
  return await ThinPool.create(poolName(prefix), { dataBytes, dataDevice, metadataDevice, blockBytes });
}

/** An earlier process was killed, or its containers run on. */
async function takeOverActive({ home, prefix }: Place, ground: OwnGround): Promise<ThinPool | undefined> {
  const name = poolName(prefix);
  const pool = await ThinPool.find(name);
  if (pool === undefined) return undefined;
  // The process before this one may have asked that it goes with its last user.
  await keepDevice(name);
  const actual = await groundOfActive(join(home.path, POOL_FOLDER), { ground, table: pool.table });
  if (actual === undefined) {
    // What had this folder's inode before has left it behind.
    if (await removeDevice(name)) return undefined;
    throw new StorageError('DISK_FAILED', `Cannot use the thin pool "${name}": it lies on something else`, {
      hint: `dmsetup ls --tree tells who uses it; when they are gone: dmsetup remove ${name}`,
    });
  }
  const { metadata } = await pool.status();
  const hasGrown =
    Math.floor(actual.bytes / pool.blockBytes) * pool.blockBytes > pool.table.sectors * SECTOR_BYTES ||
    Math.floor(actual.metadataBytes / METADATA_BLOCK_BYTES) > metadata.total;
  if (hasGrown) await pool.grow(actual.bytes);
  return pool;
}

/** Before the kernel changes anything in it. All of it only where the kernel says so: that takes as long as there are mappings. */
async function checkMetadata(device: string): Promise<void> {
  const args = [
    '--quiet',
    (await needsCheck(device)) ? '--clear-needs-check-flag' : '--skip-mappings',
    device,
  ];
  const { code, stdout, stderr } = await runProgram('thin_check', args, { timeoutMs: 600_000 });
  if (code === 0) return;
  throw new StorageError('LAYER_DAMAGED', 'Cannot use the thin pool: its metadata are damaged', {
    hint: `Keep a copy of them (dd if=${device} of=metadata.bak bs=1M), then thin_repair -i metadata.bak -o ${device}`,
    detail: { device, said: `${stdout}${stderr}`.trim() },
  });
}

/** @returns how often the pool was changed */
async function assertWorks(pool: ThinPool): Promise<number> {
  const { mode, needsCheck: isMarked, isMetadataHeld, transactionId } = await pool.status();
  if (isMetadataHeld) await pool.releaseMetadata();
  if (mode !== 'ro' && !isMarked) return transactionId;
  throw new StorageError(
    'DISK_FAILED',
    `Cannot use the thin pool "${pool.name}": it takes no changes any more`,
    {
      hint: 'Its metadata could not be written: dmesg tells why. Stop all containers, make room where they lie, start the engine again: it looks at them then',
    },
  );
}

interface Opening {
  readonly thin: ThinPool;
  readonly record: PoolRecord;
}

/** Looks whether it is the base device that this folder knows, and makes it larger when an option says so. */
async function takeBase(place: Place, { thin, record }: Opening): Promise<PoolRecord> {
  const { home, options, prefix } = place;
  const folder = join(home.path, POOL_FOLDER);
  const mountPoint = join(folder, BASE_MOUNT);
  await takeMountDown(mountPoint);
  const name = baseName(prefix);
  if ((await findDevice(name)) !== undefined) await removeDevice(name);
  const bytes = options.baseSizeBytes ?? record.base.bytes;
  if (bytes < record.base.bytes) {
    throw optionInvalid(
      'dm.basesize',
      `Base device size cannot be smaller than ${showSize(record.base.bytes)}`,
    );
  }
  const { fileSystem, fileSystemUuid } = record;
  const device = await activateBase(thin, { name, id: record.base.id, bytes });
  try {
    const superblock = device === undefined ? undefined : await readSuperblock(device);
    if (device === undefined || superblock?.uuid !== fileSystemUuid) {
      throw otherBase(thin, { found: superblock?.uuid ?? 'none', stored: fileSystemUuid });
    }
    const isLarger = bytes > record.base.bytes;
    if (isLarger || options.mountOptions.length > 0) {
      await mkdir(mountPoint, { mode: 0o700 });
      const where = { mountPoint, options: options.mountOptions, isReadonly: !isLarger };
      await mountBase(fileSystem, device, where);
    }
    if (!isLarger) return record;
    await growFileSystem(fileSystem, { device, mountPoint });
    const larger = { ...record, base: { ...record.base, bytes } };
    await writeRecord(join(folder, POOL_RECORD), larger);
    return larger;
  } finally {
    await takeMountDown(mountPoint);
    await removeDevice(name);
  }
}

/** @returns undefined when the pool has no such device */
async function activateBase(
  thin: ThinPool,
  { name, id, bytes }: { readonly name: string } & DeviceRecord,
): Promise<string | undefined> {
  try {
    return (await createDevice(name, thinTable(thin.device.numbers, { id, bytes }))).path;
  } catch (error) {
    if (deviceErrno(error) === 'ENODATA') return undefined;
    throw error;
  }
}

function otherBase(
  { name }: ThinPool,
  { found, stored }: { readonly found: string; readonly stored: string },
): StorageError {
  return new StorageError(
    'DRIVER_UNSUPPORTED',
    `Cannot use the thin pool "${name}": Current Base Device UUID:${found} does not match with stored UUID:${stored}. Possibly using a different thin pool than last invocation`,
    {
      hint: 'Give the pool that this data folder was made with (dm.thinpooldev, dm.datadev), or use another data folder',
      detail: { found, stored },
    },
  );
}

async function withLayers(
  { home, prefix, onStep }: Place,
  { thin, record, number }: Opening & { readonly number: number },
): Promise<OpenPool> {
  const records = await readDeviceRecords(home);
  const ids = new DeviceIds([record.base.id, ...records.map(({ id }) => id)]);
  const changes = new PoolChanges(thin, { home, ids, number, onStep });
  const devices = new LayerDevices(thin, prefix);
  return { thin, record, changes, devices, metadata: new PoolMetadata(thin) };
}

/** Of all layers, those that are being removed too. */
async function readDeviceRecords(home: DriverHome): Promise<readonly DeviceRecord[]> {
  const { keys, garbage } = await home.list();
  const folders = [...[...keys].map((key) => home.layer(key)), ...garbage];
  const records = await Promise.all(folders.map((folder) => readIfWhole(join(folder, DEVICE_RECORD))));
  return records.filter((record) => record !== undefined);
}

/** One that is damaged is told by `check`; its device stays. */
export async function readIfWhole(path: string): Promise<DeviceRecord | undefined> {
  try {
    return await readDeviceRecord(path);
  } catch (error) {
    if ((error as StorageError).code === 'LAYER_DAMAGED') return undefined;
    throw error;
  }
}

/** What was mounted for reading has nobody who reads; what is mounted for a container stays. */
async function settle(
  home: DriverHome,
  { key, devices }: { readonly key: LayerKey; readonly devices: LayerDevices },
): Promise<void> {
  await takeMountDown(home.layer(key, OPEN_MOUNT));
  if (isMountPoint(home.layer(key, MOUNT))) return;
  const record = await readIfWhole(home.layer(key, DEVICE_RECORD));
  if (record !== undefined) await devices.deactivate(key, record);
}
