import { cannot, LinuxError } from './errors.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_RECURSIVE, checked, libc, pathArgument, SYS } from './libc.ts';
import { readMounts } from './mount-info.ts';
import { cPath, showPath } from './paths.ts';

export interface MountFlags {
  readonly readonly?: boolean;
  readonly nosuid?: boolean;
  readonly nodev?: boolean;
  readonly noexec?: boolean;
  readonly noatime?: boolean;
}

export type Propagation = 'private' | 'slave' | 'shared' | 'unbindable';

const MS_REMOUNT = 0x20;
const MS_BIND = 0x1000;
const MS_REC = 0x4000;
const MS_FLAGS = { readonly: 0x1, nosuid: 0x2, nodev: 0x4, noexec: 0x8, noatime: 0x400 } as const;
const MS_PROPAGATION = { unbindable: 1 << 17, private: 1 << 18, slave: 1 << 19, shared: 1 << 20 } as const;

/** MOUNT_ATTR_*: the same first four bits; noatime is a value in a field of its own (0x70). */
const ATTR_FLAGS = { readonly: 0x1, nosuid: 0x2, nodev: 0x4, noexec: 0x8, noatime: 0x10 } as const;
const ATTR_ATIME_FIELD = 0x70;

const OPEN_TREE_CLONE = 1;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const MOVE_MOUNT_T_SYMLINKS = 0x10;
const EPERM = 1;
const EINVAL = 22;
const ENOSYS = 38;

/** Mounts a file system by `mount(2)`. */
export function mountFileSystem(
  target: string,
  options: {
    readonly type: string;
    readonly source?: string;
    readonly flags?: MountFlags;
    /** As after `-o`: `size=64m,mode=0700`. At most one page. */
    readonly data?: string;
  },
): void {
  const what = () => cannot(`mount ${options.type} on`, target);
  checked(
    libc().mount(
      pathArgument(options.source ?? options.type, what),
      pathArgument(target, what),
      pathArgument(options.type, what),
      classicFlags(options.flags ?? {}),
      options.data === undefined ? null : pathArgument(options.data, what),
    ),
    what,
    'mount',
  );
}

/** Gives a file system that is mounted other options: `mount -o remount,…`, for those that understand it. */
export function remountFileSystem(
  target: string,
  options: { readonly type: string; readonly flags?: MountFlags; readonly data: string },
): void {
  const what = () => cannot('remount', target);
  const flags = MS_REMOUNT | classicFlags(options.flags ?? {});
  const [path, type, data] = [target, options.type, options.data].map((text) => pathArgument(text, what));
  checked(libc().mount(type as Buffer, path as Buffer, type as Buffer, flags, data as Buffer), what, 'mount');
}

export interface BindOptions extends MountFlags {
  /** With all that is mounted below the source. */
  readonly recursive?: boolean;
  /** Default: as the file system of the target says. */
  readonly propagation?: Exclude<Propagation, 'unbindable'>;
}

/**
 * Shows `source` at `target` too. Where the kernel has `mount_setattr` (5.12) the flags hold from the first moment on,
 * and with `recursive` for everything below as well; older kernels set them afterwards, and only on the top.
 */
export function bindMount(source: string, target: string, options: BindOptions = {}): void {
  const what = () => `${cannot('bind', source)} on "${showPath(target)}"`;
  const tree = libc().openTree(
    SYS.openTree,
    AT_FDCWD,
    pathArgument(source, what),
    OPEN_TREE_CLONE | 0x80000 | (options.recursive ? AT_RECURSIVE : 0),
  );
  if (tree === -1) {
    const errno = libc().errno();
    // EPERM: a seccomp profile that does not know the call; if it is about rights, mount(2) says so too.
    if (errno !== ENOSYS && errno !== EPERM) throw new LinuxError(what(), { errno, syscall: 'open_tree' });
    bindClassic(source, target, options);
    return;
  }
  try {
    const { recursive, propagation, ...flags } = options;
    const at = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
    if (hasFlags(flags) || propagation !== undefined) {
      const attributes = attributesOf(flags, propagation);
      if (setAttributes(tree, '', at, attributes) === ENOSYS) {
        bindClassic(source, target, options);
        return;
      }
    }
    attachMount(tree, target, what);
  } finally {
    libc().close(tree);
  }
}

/** Puts a mount that is not attached yet (`fsmount`, `open_tree`) at a path. */
export function attachMount(fd: number, target: string, what: () => string): void {
  const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS;
  const path = pathArgument(target, what);
  checked(libc().moveMount(SYS.moveMount, fd, cPath(''), AT_FDCWD, path, flags), what, 'move_mount');
}

/** Changes flags of one mount; those that are not named stay as they are. */
export function remount(target: string, flags: MountFlags): void {
  const what = () => cannot('remount', target);
  pathArgument(target, what);
  if (setAttributes(AT_FDCWD, target, 0, attributesOf(flags)) !== ENOSYS) return;
  const now = readMounts().findLast(({ mountPoint }) => mountPoint === target);
  if (now === undefined) {
    throw new LinuxError(what(), { errno: EINVAL, syscall: 'mount', reason: 'nothing is mounted there' });
  }
  const has = (option: string) => now.options.includes(option);
  const kept: MountFlags = {
    readonly: has('ro'),
    nosuid: has('nosuid'),
    nodev: has('nodev'),
    noexec: has('noexec'),
    noatime: has('noatime'),
  };
  remountClassic(target, { ...kept, ...flags });
}

export function setPropagation(
  target: string,
  propagation: Propagation,
  options: { readonly recursive?: boolean } = {},
): void {
  const what = () => cannot(`make ${propagation} the mount`, target);
  const flags = MS_PROPAGATION[propagation] | (options.recursive ? MS_REC : 0);
  checked(libc().mount(null, pathArgument(target, what), null, flags, null), what, 'mount');
}

export interface UnmountOptions {
  /** Take it out of sight now, also when it is busy; it goes when its last user does. */
  readonly detach?: boolean;
  readonly force?: boolean;
  /** Do not follow `target` when it is a symbolic link. */
  readonly noFollow?: boolean;
}

/** @throws {LinuxError} `EINVAL` where nothing is mounted, `EBUSY`, `ENOENT` */
export function unmount(target: string, options: UnmountOptions = {}): void {
  const what = () => cannot('unmount', target);
  const flags = (options.force ? 1 : 0) | (options.detach ? 2 : 0) | (options.noFollow ? 8 : 0);
  checked(libc().umount2(pathArgument(target, what), flags), what, 'umount2');
}

function bindClassic(source: string, target: string, options: BindOptions): void {
  const { recursive, propagation, ...flags } = options;
  const what = () => `${cannot('bind', source)} on "${showPath(target)}"`;
  const bind = MS_BIND | (recursive ? MS_REC : 0);
  const path = pathArgument(target, what);
  checked(libc().mount(pathArgument(source, what), path, null, bind, null), what, 'mount');
  try {
    if (propagation !== undefined) setPropagation(target, propagation, { recursive: recursive ?? false });
    if (hasFlags(flags)) remount(target, flags);
  } catch (error) {
    libc().umount2(path, 2);
    throw error;
  }
}

function remountClassic(target: string, flags: MountFlags): void {
  const what = () => cannot('remount', target);
  const bits = MS_REMOUNT | MS_BIND | classicFlags(flags);
  checked(libc().mount(null, pathArgument(target, what), null, bits, null), what, 'mount');
}

interface MountAttributes {
  readonly set: number;
  readonly clear: number;
  readonly propagation: number;
}

/** @returns 0, or ENOSYS where the kernel has no such call; throws on everything else */
function setAttributes(dirfd: number, path: string, flags: number, attributes: MountAttributes): number {
  const { set, clear, propagation } = attributes;
  const attr = new BigInt64Array([BigInt(set), BigInt(clear), BigInt(propagation), 0n]);
  if (libc().mountSetattr(SYS.mountSetattr, dirfd, cPath(path), flags, attr, 32) === 0) return 0;
  const errno = libc().errno();
  if (errno === ENOSYS) return errno;
  throw new LinuxError(cannot('change the mount', path), { errno, syscall: 'mount_setattr' });
}

function attributesOf(flags: MountFlags, propagation?: Propagation): MountAttributes {
  let set = 0;
  let clear = 0;
  for (const [name, bit] of Object.entries(ATTR_FLAGS) as [keyof MountFlags, number][]) {
    if (flags[name] === undefined) continue;
    if (name === 'noatime') clear |= ATTR_ATIME_FIELD;
    if (flags[name]) set |= bit;
    else if (name !== 'noatime') clear |= bit;
  }
  return { set, clear, propagation: propagation === undefined ? 0 : MS_PROPAGATION[propagation] };
}

function classicFlags(flags: MountFlags): number {
  let bits = 0;
  for (const [name, bit] of Object.entries(MS_FLAGS) as [keyof MountFlags, number][]) {
    if (flags[name]) bits |= bit;
  }
  return bits;
}

function hasFlags(flags: MountFlags): boolean {
  return Object.values(flags).some((value) => value !== undefined);
}
