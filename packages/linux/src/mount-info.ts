import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { bytesToPath } from '@berth/oci/name-bytes';
import { cannot, LinuxError } from './errors.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, checked, libc, pathArgument } from './libc.ts';

/** One line of `/proc/<pid>/mountinfo`. @see proc_pid_mountinfo(5) */
export interface MountInfo {
  readonly id: number;
  readonly parentId: number;
  readonly major: number;
  readonly minor: number;
  /** Which part of the file system is mounted. */
  readonly root: string;
  readonly mountPoint: string;
  /** Of this mount: `rw`, `nosuid`, `relatime` … */
  readonly options: readonly string[];
  readonly fsType: string;
  readonly source: string;
  /** Of the file system, shared by all its mounts. */
  readonly superOptions: readonly string[];
  readonly propagation: readonly string[];
}

/** Mounts in the order in which they were made; what hides another comes later. */
export function readMounts(options: { readonly pid?: number } = {}): MountInfo[] {
  const text = readFileSync(`/proc/${options.pid ?? 'thread-self'}/mountinfo`, 'latin1');
  return parseMounts(text);
}

/** @param text of a mountinfo, each byte a character */
export function parseMounts(text: string): MountInfo[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseMountLine);
}

export function parseMountLine(line: string): MountInfo {
  const fields = line.split(' ');
  const dash = fields.indexOf('-', 6);
  const [major = '', minor = ''] = (fields[2] ?? '').split(':');
  return {
    id: Number(fields[0]),
    parentId: Number(fields[1]),
    major: Number(major),
    minor: Number(minor),
    root: unescapeField(fields[3]),
    mountPoint: unescapeField(fields[4]),
    options: (fields[5] ?? '').split(','),
    propagation: fields.slice(6, dash),
    fsType: unescapeField(fields[dash + 1]),
    source: unescapeField(fields[dash + 2]),
    superOptions: (fields[dash + 3] ?? '').split(',').map(unescapeField),
  };
}

/** The kernel writes space, tab, newline, backslash and `#` as `\ooo`. */
function unescapeField(field = ''): string {
  const bytes = field.replace(/\\([0-7]{3})/g, (_, digits) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
  return bytesToPath(Buffer.from(bytes, 'latin1'));
}

const STATX_ATTR_MOUNT_ROOT = 0x2000n;

/** Whether something is mounted at exactly this path; a path that is not there is no mount point. */
export function isMountPoint(path: string): boolean {
  const what = () => cannot('look at', path);
  const result = Buffer.alloc(256);
  if (libc().statx(AT_FDCWD, pathArgument(path, what), AT_SYMLINK_NOFOLLOW, 0, result) === -1) {
    const errno = libc().errno();
    if (errno === ENOENT || errno === ENOTDIR) return false;
    throw new LinuxError(what(), { errno, syscall: 'statx' });
  }
  return mountRootIn(result) ?? readMounts().some(({ mountPoint }) => mountPoint === path);
}

/**
 * Whether an open folder is the top of what is mounted somewhere: a walk that came to it by its name has left the mount that it came from.
 * The top of a btrfs subvolume is none.
 */
export function isMountRoot(fd: number): boolean {
  const what = () => `Cannot look at the open folder ${fd}`;
  const result = Buffer.alloc(256);
  checked(libc().statx(fd, pathArgument('', what), AT_EMPTY_PATH, 0, result), what, 'statx');
  return mountRootIn(result) ?? mountIdOf(fd) !== mountIdAbove(fd);
}

/** @returns `undefined` where the kernel does not tell (before 5.8) */
function mountRootIn(statx: Buffer): boolean | undefined {
  // struct statx: stx_attributes at 8, stx_attributes_mask (what this kernel knows) at 56.
  if ((statx.readBigUInt64LE(56) & STATX_ATTR_MOUNT_ROOT) === 0n) return undefined;
  return (statx.readBigUInt64LE(8) & STATX_ATTR_MOUNT_ROOT) !== 0n;
}

function mountIdOf(fd: number): string | undefined {
  return /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
}

function mountIdAbove(fd: number): string | undefined {
  const above = openSync(`/proc/self/fd/${fd}/..`, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return mountIdOf(above);
  } finally {
    closeSync(above);
  }
}

const ENOENT = 2;
const ENOTDIR = 20;
