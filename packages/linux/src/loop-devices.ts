import { constants, readdirSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { cannot, LinuxError } from './errors.ts';
import { checked, libc, openFile } from './libc.ts';

const CONTROL = '/dev/loop-control';
/** @see linux/loop.h */
const LOOP_CTL_GET_FREE = 0x4c82;
const LOOP_GET_STATUS64 = 0x4c05;
const LOOP_SET_CAPACITY = 0x4c07;
const LOOP_CONFIGURE = 0x4c0a;
const LO_FLAGS_AUTOCLEAR = 4;

/** struct loop_config: the file, a block size (0: the file decides), struct loop_info64, room for later. */
const CONFIG_SIZE = 304;
const INFO_SIZE = 232;
const INFO_AT = 8;
const INFO_FLAGS_AT = 52;
const INFO_NAME_AT = 56;
const NAME_SIZE = 64;

const ENXIO = 6;
const EBUSY = 16;

/** A block device over a file. It goes by itself when nobody has it open any more: neither this handle, a mount, nor another device. */
export interface LoopDevice extends Disposable {
  /** `/dev/loop3` */
  readonly path: string;
}

/**
 * Makes a file a block device. Needs Linux 5.8; a process that is killed in the middle leaves no device behind.
 *
 * @throws {LinuxError} `ENOENT` where the kernel has no loop devices
 */
export function attachLoop(file: string): LoopDevice {
  const what = () => cannot('make a block device of', file);
  const control = openFile(CONTROL, constants.O_RDWR, () => cannot('open', CONTROL));
  let backing: number | undefined;
  try {
    backing = openFile(file, constants.O_RDWR, what);
    for (;;) {
      const number = checked(libc().ioctlNumber(control, LOOP_CTL_GET_FREE, 0), what, 'ioctl');
      const path = `/dev/loop${number}`;
      const fd = openUnlessGoing(path, constants.O_RDWR, what);
      if (fd === undefined) continue;
      if (configure(fd, { backing, file, what })) return { path, [Symbol.dispose]: closeOnce(fd) };
    }
  } finally {
    libc().close(control);
    if (backing !== undefined) libc().close(backing);
  }
}

/** @returns `false` where somebody else was quicker; the device is closed then */
function configure(
  fd: number,
  options: { readonly backing: number; readonly file: string; readonly what: () => string },
): boolean {
  const config = Buffer.alloc(CONFIG_SIZE);
  config.writeUInt32LE(options.backing, 0);
  config.writeUInt32LE(LO_FLAGS_AUTOCLEAR, INFO_AT + INFO_FLAGS_AT);
  // For people: losetup shows it. The last byte stays NUL.
  Buffer.from(options.file).copy(config, INFO_AT + INFO_NAME_AT, 0, NAME_SIZE - 1);
  if (libc().ioctl(fd, LOOP_CONFIGURE, config) !== -1) return true;
  const errno = libc().errno();
  libc().close(fd);
  if (errno === EBUSY) return false;
  throw new LinuxError(options.what(), { errno, syscall: 'ioctl' });
}

/** The file behind a loop device, as `stat` names it; `undefined` when it has none, or is losing it. */
export function loopFile(path: string): { readonly dev: bigint; readonly ino: bigint } | undefined {
  const what = () => cannot('look at', path);
  const fd = openUnlessGoing(path, constants.O_RDONLY, what);
  if (fd === undefined) return undefined;
  try {
    const info = Buffer.alloc(INFO_SIZE);
    if (libc().ioctl(fd, LOOP_GET_STATUS64, info) === -1) {
      const errno = libc().errno();
      if (errno === ENXIO) return undefined;
      throw new LinuxError(what(), { errno, syscall: 'ioctl' });
    }
    return { dev: info.readBigUInt64LE(0), ino: info.readBigUInt64LE(8) };
  } finally {
    libc().close(fd);
  }
}

/** @returns undefined for a device that its last user has just closed (lo_open: `Lo_rundown`) */
function openUnlessGoing(path: string, flags: number, what: () => string): number | undefined {
  try {
    return openFile(path, flags, what);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENXIO') return undefined;
    throw error;
  }
}

/** All loop devices that have a file, by whomever they were made. */
export function attachedLoops(): readonly string[] {
  const found: string[] = [];
  for (const name of readdirSync('/sys/block')) {
    if (!/^loop\d+$/.test(name)) continue;
    try {
      if (readdirSync(`/sys/block/${name}/loop`).length > 0) found.push(`/dev/${name}`);
    } catch (error) {
      if (!(hasCode(error) && error.code === 'ENOENT')) throw error;
    }
  }
  return found;
}

/** Tells a loop device that its file has grown. */
export function growLoop(path: string): void {
  const what = () => cannot('grow', path);
  const fd = openFile(path, constants.O_RDWR, what);
  try {
    checked(libc().ioctlNumber(fd, LOOP_SET_CAPACITY, 0), what, 'ioctl');
  } finally {
    libc().close(fd);
  }
}

function closeOnce(fd: number): () => void {
  let isOpen = true;
  return () => {
    if (isOpen) libc().close(fd);
    isOpen = false;
  };
}
