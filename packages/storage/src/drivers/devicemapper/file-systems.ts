import { open, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { hasCode } from '@berth/errors';
import { knownFileSystems, type MountFlags, mountFileSystem } from '@berth/linux';
import type { CallOptions } from './dmsetup.ts';
import type { FileSystemName } from './options.ts';
import { mustRun, runProgram } from './run-program.ts';

/** A layer in it may have as many files as a disk of its size would. */
interface FileSystemKind {
  /** What makes one, and what makes one larger. */
  readonly programs: readonly string[];
  /** Words for mount(2) besides those that were set. */
  readonly mountOptions: readonly string[];
  makeArguments(options: { readonly keepsOldBytes: boolean }): readonly string[];
  growCommand(place: {
    readonly device: string;
    readonly mountPoint: string;
  }): readonly [string, ...string[]];
}

export const FILE_SYSTEMS: Readonly<Record<FileSystemName, FileSystemKind>> = {
  ext4: {
    programs: ['mkfs.ext4', 'resize2fs'],
    // Tables of inodes are not zeroed behind the back of who mounts it: each layer would take the blocks for it.
    mountOptions: ['noinit_itable', 'errors=remount-ro'],
    makeArguments: ({ keepsOldBytes }) => [
      ...['-q', '-F', '-b', '4096', '-I', '256', '-m', '0', '-E'],
      // A journal with bytes of another layer in it could be replayed: it is only left alone where new blocks are zeroed.
      `nodiscard,lazy_itable_init=1,lazy_journal_init=${keepsOldBytes ? 0 : 1}`,
    ],
    growCommand: ({ device }) => ['resize2fs', device],
  },
  xfs: {
    programs: ['mkfs.xfs', 'xfs_growfs'],
    // All layers have the UUID of the base device.
    mountOptions: ['nouuid'],
    makeArguments: () => ['-q', '-f', '-K'],
    growCommand: ({ mountPoint }) => ['xfs_growfs', mountPoint],
  },
};

/** mkfs.xfs makes none below 300 MB. */
const LEAST_XFS_BYTES = 320 * 1024 ** 2;

/** XFS where there are its programs and the kernel has it, as Docker does; else ext4. */
export async function defaultFileSystem(baseBytes: number): Promise<FileSystemName> {
  if (baseBytes < LEAST_XFS_BYTES) return 'ext4';
  const missing = await missingPrograms(FILE_SYSTEMS.xfs.programs);
  return missing.length === 0 && (await isKnown('xfs')) ? 'xfs' : 'ext4';
}

export async function missingPrograms(programs: readonly string[]): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const program of programs) {
    const { code } = await runProgram('sh', ['-c', 'command -v "$0"', program]);
    if (code !== 0) missing.push(program);
  }
  return missing;
}

async function isKnown(name: string): Promise<boolean> {
  if (knownFileSystems().has(name)) return true;
  await loadModule(name);
  return knownFileSystems().has(name);
}

/** Does nothing where there are no modules, or it is built in. */
export async function loadModule(name: string): Promise<void> {
  try {
    await runProgram('modprobe', ['--quiet', name]);
  } catch (error) {
    if (!(hasCode(error) && error.code === 'DRIVER_UNSUPPORTED')) throw error;
  }
}

export interface MakeOptions extends CallOptions {
  readonly keepsOldBytes: boolean;
  readonly mkfsArguments: readonly string[];
}

/** @throws {StorageError} `DISK_FAILED`, `DRIVER_UNSUPPORTED` without its program */
export async function makeFileSystem(
  name: FileSystemName,
  device: string,
  { keepsOldBytes, mkfsArguments, ...call }: MakeOptions,
): Promise<void> {
  const args = [...FILE_SYSTEMS[name].makeArguments({ keepsOldBytes }), ...mkfsArguments, device];
  await mustRun(`mkfs.${name}`, args, { ...call, timeoutMs: 600_000 });
}

/** Up to the end of its device, while it is mounted. */
export async function growFileSystem(
  name: FileSystemName,
  place: { readonly device: string; readonly mountPoint: string },
): Promise<void> {
  const [program, ...args] = FILE_SYSTEMS[name].growCommand(place);
  await mustRun(program, args, { timeoutMs: 600_000 });
}

const FLAGS: Readonly<Record<string, MountFlags>> = {
  nosuid: { nosuid: true },
  nodev: { nodev: true },
  noexec: { noexec: true },
  noatime: { noatime: true },
};

/** @throws {LinuxError} `EINVAL` for options that the file system does not know */
export async function mountDevice(
  name: FileSystemName,
  device: string,
  place: { readonly mountPoint: string; readonly options: readonly string[]; readonly isReadonly?: boolean },
): Promise<void> {
  const { mountPoint, options, isReadonly = false } = place;
  const flags: MountFlags = Object.assign({ readonly: isReadonly }, ...options.map((one) => FLAGS[one]));
  const data = [...FILE_SYSTEMS[name].mountOptions, ...options.filter((one) => FLAGS[one] === undefined)];
  mountFileSystem(mountPoint, { type: name, source: device, flags, data: data.join(',') });
  if (name === 'xfs') await stopRetrying(device);
}

/** XFS tries writes that the pool refuses for ever, and who waits for them cannot be killed (moby#20707). */
async function stopRetrying(device: string): Promise<void> {
  for (const reason of ['ENOSPC', 'EIO']) {
    const path = `/sys/fs/xfs/${basename(device)}/error/metadata/${reason}/max_retries`;
    try {
      await writeFile(path, '0');
    } catch (error) {
      if (!(hasCode(error) && error.code === 'ENOENT')) throw error;
    }
  }
}

export interface Superblock {
  readonly fileSystem: FileSystemName;
  readonly uuid: string;
}

const EXT_MAGIC_AT = 1024 + 56;
const EXT_UUID_AT = 1024 + 104;
const XFS_UUID_AT = 32;

/** What a device says of itself; `undefined` when it holds neither. @see ext4 s_magic, s_uuid; xfs sb_magicnum, sb_uuid */
export async function readSuperblock(device: string): Promise<Superblock | undefined> {
  await using file = await open(device, 'r');
  const bytes = Buffer.alloc(4096);
  await file.read(bytes, 0, bytes.length, 0);
  if (bytes.readUInt16LE(EXT_MAGIC_AT) === 0xef53) {
    return { fileSystem: 'ext4', uuid: uuidAt(bytes, EXT_UUID_AT) };
  }
  if (bytes.toString('latin1', 0, 4) === 'XFSB')
    return { fileSystem: 'xfs', uuid: uuidAt(bytes, XFS_UUID_AT) };
  return undefined;
}

function uuidAt(bytes: Buffer, at: number): string {
  const hex = bytes.toString('hex', at, at + 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
