/** What a pool of our own lies on: two sparse files, or two devices that were given. */
import type { Stats } from 'node:fs';
import { open, readFile, realpath, rm, stat, truncate } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hasCode } from '@berth/errors';
import { allocateSpace, attachedLoops, attachLoop, growLoop, loopFile } from '@berth/linux';
import { StorageError } from '../../errors.ts';
import { asDiskFull } from '../disk/disk-full.ts';
import { loadModule } from './file-systems.ts';
import { optionInvalid, type PoolOptions } from './options.ts';
import { numbersOf } from './place.ts';
import { type PoolTable, SECTOR_BYTES } from './pool-lines.ts';
import type { PoolGround } from './records.ts';

export const DATA_FILE = 'data';
export const METADATA_FILE = 'metadata';

/** Of the metadata file so much is taken at once: a disk that others fill must not cost the pool its metadata. */
const ALLOCATED_METADATA_BYTES = 64 * 1024 ** 2;
/** Where something was, it shows within so many bytes: btrfs has its name farthest from the beginning. */
const BLANK_BYTES = 128 * 1024;

export type OwnGround = Exclude<PoolGround, { readonly type: 'pool' }>;

/** Both as paths of block devices. The kernel keeps loop devices as long as the pool uses them, not as long as this is open. */
export interface Ground extends Disposable {
  readonly data: string;
  readonly metadata: string;
  readonly dataBytes: number;
}

/** @throws {StorageError} `DISK_FULL` when not even the metadata have room */
export async function makeFiles(
  folder: string,
  ground: OwnGround & { readonly type: 'files' },
): Promise<void> {
  await removeFiles(folder);
  try {
    await makeSparse(join(folder, METADATA_FILE), ground.metadataBytes, ALLOCATED_METADATA_BYTES);
    await makeSparse(join(folder, DATA_FILE), ground.dataBytes, 0);
  } catch (error) {
    throw await asDiskFull(error, folder);
  }
}

export async function removeFiles(folder: string): Promise<void> {
  for (const name of [DATA_FILE, METADATA_FILE]) await rm(join(folder, name), { force: true });
}

/** Writes out what the kernel holds back of them. */
export async function syncFiles(folder: string): Promise<void> {
  for (const name of [DATA_FILE, METADATA_FILE]) {
    await using file = await open(join(folder, name), 'r');
    await file.sync();
  }
}

async function makeSparse(path: string, bytes: number, allocated: number): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.truncate(bytes);
  const length = Math.min(bytes, allocated);
  if (length > 0) allocateSpace(file.fd, { offset: 0, length });
}

/** @throws {StorageError} `DRIVER_UNSUPPORTED` without loop devices, `DISK_FAILED` for files that are in use already */
export async function attachGround(folder: string, ground: OwnGround): Promise<Ground> {
  if (ground.type === 'devices') {
    const { data, metadata } = ground;
    return { data, metadata, dataBytes: await sizeOfDevice(data), [Symbol.dispose]: () => {} };
  }
  const paths = { data: join(folder, DATA_FILE), metadata: join(folder, METADATA_FILE) };
  for (const path of Object.values(paths)) await assertUnused(path);
  using stack = new DisposableStack();
  // After a restart of the machine nobody may have used one yet.
  await loadModule('loop');
  try {
    const data = stack.use(attachLoop(paths.data));
    const metadata = stack.use(attachLoop(paths.metadata));
    const { size } = await stat(paths.data);
    const opened = stack.move();
    return {
      ...{ data: data.path, metadata: metadata.path, dataBytes: size },
      [Symbol.dispose]: () => opened.dispose(),
    };
  } catch (cause) {
    if (!(hasCode(cause) && cause.code === 'ENOENT')) throw cause;
    throw new StorageError(
      'DRIVER_UNSUPPORTED',
      'Cannot make block devices of files: this kernel has no loop devices',
      {
        hint: 'Load them (modprobe loop), or give devices with dm.thinpooldev',
        cause,
      },
    );
  }
}

/** Two pools over the same files would end both: that happens where the folder has changed its device number. */
async function assertUnused(path: string): Promise<void> {
  const { dev, ino } = await stat(path, { bigint: true });
  for (const loop of attachedLoops()) {
    const file = loopFile(loop);
    if (file === undefined || file.dev !== dev || file.ino !== ino) continue;
    throw new StorageError('DISK_FAILED', `Cannot use "${path}": it is in use as "${loop}"`, {
      hint: 'dmsetup deps tells by which pool; stop what uses that one, or restart the machine',
      detail: { path, loop },
    });
  }
}

/** Makes the files larger where the options say so. @throws {StorageError} `DRIVER_OPTION_INVALID` for less than there is */
export async function growFiles(folder: string, options: PoolOptions): Promise<void> {
  for (const [name, option, bytes] of [
    [DATA_FILE, 'dm.loopdatasize', options.loopDataBytes],
    [METADATA_FILE, 'dm.loopmetadatasize', options.loopMetadataBytes],
  ] as const) {
    if (bytes === undefined) continue;
    const path = join(folder, name);
    const { size } = await stat(path);
    if (bytes > size) await truncate(path, bytes);
    if (bytes < size) throw optionInvalid(option, `the file has ${size} bytes, and is not made smaller`);
  }
}

/** @see linux drivers/md/dm-thin-metadata.c struct thin_disk_superblock: a checksum, then flags */
const FLAGS_AT = 4;
const NEEDS_CHECK_FLAG = 1;

/** Whether the kernel has marked the metadata: it could not write them once. */
export async function needsCheck(metadataDevice: string): Promise<boolean> {
  await using file = await open(metadataDevice, 'r');
  const flags = Buffer.alloc(4);
  await file.read(flags, 0, flags.length, FLAGS_AT);
  return (flags.readUInt32LE() & NEEDS_CHECK_FLAG) !== 0;
}

/**
 * How large what a pool that is active lies on is now.
 *
 * @returns undefined when that is not what `ground` says: another file, or one that was removed
 * @throws {StorageError} `DRIVER_UNSUPPORTED` for our data with other metadata: with the wrong ones nothing of them can be read
 */
export async function groundOfActive(
  folder: string,
  { ground, table }: { readonly ground: OwnGround; readonly table: PoolTable },
): Promise<{ readonly bytes: number; readonly metadataBytes: number } | undefined> {
  const { dataDevice, metadataDevice } = table;
  if (ground.type === 'devices') {
    if (dataDevice !== numbersOf((await statDevice(ground.data)).rdev)) return undefined;
    await assertSameMetadata(ground.metadata, metadataDevice);
    return { bytes: await sizeOfDevice(ground.data), metadataBytes: await sizeOfDevice(ground.metadata) };
  }
  const bytes = await sizeOfFile(join(folder, DATA_FILE), dataDevice);
  const metadataBytes = await sizeOfFile(join(folder, METADATA_FILE), metadataDevice);
  return bytes === undefined || metadataBytes === undefined ? undefined : { bytes, metadataBytes };
}

async function assertSameMetadata(path: string, active: string): Promise<void> {
  const { rdev } = await statDevice(path, 'dm.metadatadev');
  if (numbersOf(rdev) === active) return;
  throw new StorageError(
    'DRIVER_UNSUPPORTED',
    `Cannot use the thin pool: its metadata are on "${await devicePath(active)}", and "${path}" is another device`,
    {
      hint: 'Devices may have changed their names: bring back those of the time when the pool was made, with paths below /dev/disk/by-id',
      detail: { active, path },
    },
  );
}

/** @returns undefined when the device is over another file */
async function sizeOfFile(path: string, device: string): Promise<number | undefined> {
  const wanted = await ifThere(stat(path, { bigint: true }));
  const loop = await devicePath(device);
  const file = device.startsWith('7:') ? loopFile(loop) : undefined;
  if (file === undefined || file.dev !== wanted?.dev || file.ino !== wanted.ino) return undefined;
  // It may have been made larger by somebody who was killed then.
  growLoop(loop);
  return Number(wanted.size);
}

/** @throws {StorageError} `DRIVER_OPTION_INVALID` for devices that hold something */
export async function assertBlank(ground: OwnGround & { readonly type: 'devices' }): Promise<void> {
  for (const [option, path] of [
    ['dm.datadev', ground.data],
    ['dm.metadatadev', ground.metadata],
  ] as const) {
    await statDevice(path, option);
    await using file = await open(path, 'r');
    const bytes = Buffer.alloc(BLANK_BYTES);
    await file.read(bytes, 0, bytes.length, 0);
    if (bytes.every((byte) => byte === 0)) continue;
    throw optionInvalid(
      option,
      `something is on "${path}"`,
      `If nobody needs it: blkdiscard ${path}, or dd if=/dev/zero of=${path} bs=128K count=1`,
    );
  }
}

/** The kernel makes new metadata where it finds none. */
export async function wipeMetadata(ground: OwnGround & { readonly type: 'devices' }): Promise<void> {
  await using file = await open(ground.metadata, 'r+');
  await file.write(Buffer.alloc(BLANK_BYTES), 0, BLANK_BYTES, 0);
  await file.sync();
}

async function statDevice(path: string, option = 'dm.datadev'): Promise<Stats> {
  const found = await ifThere(stat(path));
  if (found?.isBlockDevice() === true) return found;
  throw optionInvalid(
    option,
    found === undefined ? `"${path}" is not there` : `"${path}" is no block device`,
  );
}

async function sizeOfDevice(path: string): Promise<number> {
  const numbers = numbersOf((await statDevice(path)).rdev);
  return Number(await readFile(`/sys/dev/block/${numbers}/size`, 'utf8')) * SECTOR_BYTES;
}

/** `7:1` as `/dev/loop1`; a path stays as it is. */
export async function devicePath(device: string): Promise<string> {
  if (device.startsWith('/')) return device;
  return join('/dev', basename(await realpath(`/sys/dev/block/${device}`)));
}

async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
