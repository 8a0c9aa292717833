import { closeSync, constants, fstatSync, openSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { hasCode } from '@berth/errors';
import { bytesToPath } from '@berth/oci/name-bytes';
import { cannot, LinuxError } from './errors.ts';
import { setImmutable } from './files.ts';
import { checked, libc, openFile, pathArgument } from './libc.ts';
import { openInRoot } from './open-in-root.ts';
import { nativePath, showPath } from './paths.ts';

/** BTRFS_SUPER_MAGIC of linux/magic.h. */
const BTRFS_MAGIC = 0x9123683e;
/** Of the root folder of every subvolume: BTRFS_FIRST_FREE_OBJECTID. */
const ROOT_INODE = 256;

/** @see include/uapi/linux/btrfs.h; both structs of arguments have 4096 bytes. */
const SUBVOL_CREATE = 0x5000940e;
const SNAP_DESTROY = 0x5000940f;
const SNAP_CREATE_V2 = 0x50009417;
const SUBVOL_GETFLAGS = 0x80089419;
const SUBVOL_SETFLAGS = 0x4008941a;
const SUBVOL_RDONLY = 2n;
const GET_SUBVOL_ROOTREF = 0xd000943d;
const INO_LOOKUP_USER = 0xd000943e;
const ARGS_SIZE = 4096;
const V1_NAME_AT = 8;
const V2_NAME_AT = 56;
const NAME_MAX = 255;

/** struct btrfs_ioctl_get_subvol_rootref_args: where to begin, 255 pairs of numbers (subvolume, folder), how many. */
const ROOTREF_PAIRS_AT = 8;
const ROOTREF_COUNT_AT = 4088;
/** struct btrfs_ioctl_ino_lookup_user_args: folder, subvolume, its name, the path of the folder. */
const LOOKUP_NAME_AT = 16;
const LOOKUP_PATH_AT = 272;

const EPERM = 1;
const ENOENT = 2;
const EROFS = 30;
const ENAMETOOLONG = 36;
const ENOTEMPTY = 39;
const EOVERFLOW = 75;

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export function isBtrfs(path: string): boolean {
  return statfsSync(nativePath(path)).type === BTRFS_MAGIC;
}

/** Whether a path is the root of a subvolume. One that is not there is none. */
export function isSubvolume(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(nativePath(path), FOLDER);
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) return false;
    throw error;
  }
  try {
    return fstatSync(fd).ino === ROOT_INODE && isBtrfs(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

/**
 * Makes an empty subvolume. It is there whole or not at all.
 * @throws {LinuxError} `EEXIST`, `ENOENT`, `ENOSPC`, `EDQUOT`, `ENOTTY` where there is no btrfs
 */
export async function createSubvolume(path: string): Promise<void> {
  const what = () => cannot('make the subvolume', path);
  using folder = openFolder(dirname(path), what);
  const args = Buffer.alloc(ARGS_SIZE);
  putName(args, { name: basename(path), at: V1_NAME_AT, what });
  await ioctl(folder.fd, { request: SUBVOL_CREATE, args, what });
}

/**
 * Makes a writable subvolume that holds what `source` holds now; the bytes are shared until one of the two changes. Subvolumes in
 * `source` are empty folders in it. `source` is the root of a subvolume of the same file system.
 *
 * @throws {LinuxError} as `createSubvolume`; `EINVAL` where `source` is no subvolume, `EXDEV`
 */
export async function snapshotSubvolume(source: string, path: string): Promise<void> {
  const what = () => `${cannot('make a snapshot of', source)} as "${showPath(path)}"`;
  using from = openFolder(source, what);
  using folder = openFolder(dirname(path), what);
  const args = Buffer.alloc(ARGS_SIZE);
  args.writeBigInt64LE(BigInt(from.fd), 0);
  putName(args, { name: basename(path), at: V2_NAME_AT, what });
  await ioctl(folder.fd, { request: SNAP_CREATE_V2, args, what });
}

/**
 * Takes a subvolume away with all in it, other subvolumes included: what somebody has made inside is found by the file system's own
 * list, and no symbolic link leads out of it. It is out of sight at once; its bytes are freed by and by. Nothing there is fine.
 *
 * @throws {LinuxError} `EPERM`, `EBUSY`, `EINVAL` where it is no subvolume; `ENAMETOOLONG` for one that lies deeper inside than a path
 * can name
 */
export async function destroySubvolume(path: string): Promise<void> {
  const what = () => cannot('remove the subvolume', path);
  let folder: OpenFolder;
  try {
    folder = openFolder(dirname(path), what);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return;
    throw error;
  }
  using opened = folder;
  await destroyIn(opened.fd, { name: basename(path), what, outside: fstatSync(opened.fd).dev });
}

/**
 * Makes the subvolume writable that a folder lies in, or that it is. The one that `outside` lies in stays as it is.
 *
 * @returns `false` where there is none but that one, it was writable before, or the path is no folder
 * @throws {LinuxError} `EROFS` where the whole file system is read-only, `EPERM` while the subvolume is being sent
 */
export function makeSubvolumeWritable(path: string, { outside }: { readonly outside: string }): boolean {
  let folder: OpenFolder;
  try {
    folder = openFolder(path, () => cannot('open', path));
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) return false;
    throw error;
  }
  using opened = folder;
  return makeWritable(opened.fd, {
    outside: statSync(nativePath(outside)).dev,
    what: () => cannot('make the subvolume writable of', path),
  });
}

interface Named {
  readonly name: string;
  readonly what: () => string;
  /** Device of the subvolume that is none of those to be removed; each has a number of its own. */
  readonly outside: number;
}

async function destroyIn(folder: number, named: Named): Promise<void> {
  const { name, what, outside } = named;
  const path = `/proc/self/fd/${folder}/${name}`;
  /** What stands in its way, each to be put away once. */
  const obstacles = new Map<number, () => void | Promise<void>>([
    [ENOTEMPTY, () => destroyChildren(path, named)],
    [EPERM, () => unlock(folder, path)],
    [EROFS, () => void makeWritable(folder, { what, outside })],
  ]);
  for (;;) {
    try {
      await tryDestroy(folder, named);
      return;
    } catch (error) {
      if (!(error instanceof LinuxError)) throw error;
      if (error.errno === ENOENT) return;
      const putAway = obstacles.get(error.errno);
      if (putAway === undefined) throw error;
      obstacles.delete(error.errno);
      await putAway();
    }
  }
}

/** Takes the flag of `chattr +i` from the root of a subvolume, and from the folder that it lies in. */
function unlock(folder: number, path: string): void {
  setImmutable(`/proc/self/fd/${folder}/.`, false);
  setImmutable(path, false);
}

async function tryDestroy(folder: number, { name, what }: Named): Promise<void> {
  const args = Buffer.alloc(ARGS_SIZE);
  putName(args, { name, at: V1_NAME_AT, what });
  await ioctl(folder, { request: SNAP_DESTROY, args, what });
}

/** Those directly in a subvolume; each takes its own along. */
async function destroyChildren(
  path: string,
  { what, outside }: Pick<Named, 'what' | 'outside'>,
): Promise<void> {
  using root = openFolder(path, what);
  for (const { name, directory } of children(root.fd, what)) {
    // As seen from inside: whatever the path has become meanwhile, it ends in this subvolume.
    const at = openInRoot(`/proc/self/fd/${root.fd}`, directory === '' ? '.' : directory, {
      directory: true,
      noFollow: true,
    });
    try {
      await destroyIn(at, { name, what, outside });
    } finally {
      closeSync(at);
    }
  }
}

/** Names of the subvolumes in a subvolume, and the folders that they lie in. Needs Linux 4.18. */
function* children(
  root: number,
  what: () => string,
): Generator<{ readonly name: string; readonly directory: string }> {
  for (let from = 0n; ; ) {
    const refs = Buffer.alloc(ARGS_SIZE);
    refs.writeBigUInt64LE(from, 0);
    const isMore = libc().ioctl(root, GET_SUBVOL_ROOTREF, refs) === -1;
    const errno = isMore ? libc().errno() : 0;
    if (isMore && errno !== EOVERFLOW) throw new LinuxError(what(), { errno, syscall: 'ioctl' });
    for (let index = 0; index < refs.readUInt8(ROOTREF_COUNT_AT); index++) {
      const at = ROOTREF_PAIRS_AT + index * 16;
      from = refs.readBigUInt64LE(at) + 1n;
      const lookup = Buffer.alloc(ARGS_SIZE);
      refs.copy(lookup, 0, at + 8, at + 16);
      refs.copy(lookup, 8, at, at + 8);
      // ENOENT: it has gone meanwhile.
      if (libc().ioctl(root, INO_LOOKUP_USER, lookup) === -1) {
        const lookupErrno = libc().errno();
        if (lookupErrno === ENOENT) continue;
        throw new LinuxError(what(), { errno: lookupErrno, syscall: 'ioctl' });
      }
      yield { name: textAt(lookup, LOOKUP_NAME_AT), directory: textAt(lookup, LOOKUP_PATH_AT) };
    }
    if (!isMore) return;
  }
}

function makeWritable(
  fd: number,
  { what, outside }: { readonly what: () => string; readonly outside: number },
): boolean {
  using root = rootOf(fd, what);
  if (root === undefined || fstatSync(root.fd).dev === outside) return false;
  const flags = Buffer.alloc(8);
  checked(libc().ioctl(root.fd, SUBVOL_GETFLAGS, flags), what, 'ioctl');
  if ((flags.readBigUInt64LE() & SUBVOL_RDONLY) === 0n) return false;
  // The only flag that can be set.
  checked(libc().ioctl(root.fd, SUBVOL_SETFLAGS, Buffer.alloc(8)), what, 'ioctl');
  return true;
}

/** The root folder of the subvolume that a folder lies in; `undefined` where there is no btrfs, or a mount hides it. */
function rootOf(fd: number, what: () => string): OpenFolder | undefined {
  if (!isBtrfs(`/proc/self/fd/${fd}`)) return undefined;
  for (let at = openFolder(`/proc/self/fd/${fd}/.`, what); ; ) {
    const { dev, ino } = fstatSync(at.fd);
    if (ino === ROOT_INODE) return at;
    using below = at;
    at = openFolder(`/proc/self/fd/${below.fd}/..`, what);
    const above = fstatSync(at.fd);
    if (above.dev !== dev || above.ino === ino) return closed(at);
  }
}

function closed(folder: OpenFolder): undefined {
  folder[Symbol.dispose]();
}

interface OpenFolder extends Disposable {
  readonly fd: number;
}

function openFolder(path: string, what: () => string): OpenFolder {
  const fd = openFile(path, FOLDER, what);
  return {
    fd,
    [Symbol.dispose]() {
      libc().close(fd);
    },
  };
}

function putName(
  args: Buffer,
  { name, at, what }: { readonly name: string; readonly at: number; readonly what: () => string },
): void {
  const bytes = pathArgument(name, what);
  if (bytes.length > NAME_MAX + 1) throw new LinuxError(what(), { errno: ENAMETOOLONG, syscall: 'none' });
  bytes.copy(args, at);
}

function textAt(bytes: Buffer, at: number): string {
  return bytesToPath(bytes.subarray(at, bytes.indexOf(0, at)));
}

/**
 * Runs on a thread of the pool, as it may wait for the disk. There `errno` is lost: what failed is asked again here, where it is
 * soon refused for the same reason.
 */
async function ioctl(
  fd: number,
  { request, args, what }: { readonly request: number; readonly args: Buffer; readonly what: () => string },
): Promise<void> {
  if ((await libc().ioctlAsync(fd, request, args)) === -1) {
    checked(libc().ioctl(fd, request, args), what, 'ioctl');
  }
}
