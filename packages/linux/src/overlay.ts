import { readSync } from 'node:fs';
import { cannot, LinuxError } from './errors.ts';
import { kernelRelease } from './kernel.ts';
import { KernelLog } from './kernel-log.ts';
import { libc, O_PATH, openFile, pathArgument, SYS } from './libc.ts';
import { attachMount } from './mounts.ts';
import { cPath, showPath } from './paths.ts';

/** A stack of folders seen as one. @see Documentation/filesystems/overlayfs.rst */
export interface OverlayMount {
  /** Nearest first. Two at least where there is no upper. */
  readonly lowers: readonly string[];
  readonly upper?: string;
  /** An empty folder on the file system of `upper`; needed with it. */
  readonly work?: string;
  /** Nothing can be written through this mount; without an upper it is so in any case. */
  readonly isReadonly?: boolean;
  /** `{ metacopy: 'off', volatile: true }` */
  readonly options?: Readonly<Record<string, string | true>>;
}

/** A mount that lies nowhere yet. Disposing lets go of it; once attached it stays. */
export interface DetachedMount extends Disposable {
  readonly fd: number;
  attach(target: string): void;
}

const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const MOUNT_ATTR_RDONLY = 1;
const MS_RDONLY = 1;
const EPERM = 1;
const EINVAL = 22;
const ENOSYS = 38;
const SC_PAGESIZE = 30;

/** `fsconfig` reads at most this many bytes of a value, its NUL included (`strndup_user(_value, 256)`). */
const VALUE_MAX_BYTES = 256;

/**
 * Mounts an overlay. One `fsconfig` per layer: no limit of a page for all names (400 layers in 2.6 ms). Kernels that
 * do not know `lowerdir+` (before 6.7) get the classic `mount(2)`, with short names where the page would be too small.
 *
 * @throws {LinuxError} with the kernel's own words where it gives any
 */
export function mountOverlay(target: string, overlay: OverlayMount): void {
  if (isOldKernel) {
    mountOverlayClassic(target, overlay);
    return;
  }
  try {
    using mount = createOverlay(overlay);
    mount.attach(target);
  } catch (error) {
    if (!(error instanceof LinuxError && error.detail?.isOldKernel === true)) throw error;
    mountOverlayClassic(target, overlay);
    isOldKernel = error.syscall === 'fsconfig';
  }
}

/** It refused an option and took the classic way. Asked again, it would write a line to the kernel's log at each mount. */
let isOldKernel = false;

/**
 * Makes the overlay without putting it anywhere.
 * @throws {LinuxError} with `detail.isOldKernel` where the kernel may not know the new way
 */
export function createOverlay(overlay: OverlayMount): DetachedMount {
  const what = () => describe(overlay);
  checkOverlay(overlay, what);
  using names = new ShortNames();
  using log = KernelLog.openAtEnd();
  const context = libc().fsopen(SYS.fsopen, cPath('overlay'), 1);
  if (context === -1) throw failure(what, { syscall: 'fsopen', errno: libc().errno() });
  try {
    const words = () => [...contextLog(context), ...log.lines('overlayfs', 'overlay')];
    const set = (key: string, value: string | true) => {
      const flag = value === true;
      const command = flag ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
      const bytes = flag ? null : pathArgument(value, what);
      if (libc().fsconfig(SYS.fsconfig, context, command, pathArgument(key, what), bytes, 0) === 0) return;
      const errno = libc().errno();
      const shown = flag ? key : `${key}=${showPath(value)}`;
      throw failure(what, { syscall: 'fsconfig', errno, words: [shown, ...words()] });
    };
    set('source', 'overlay');
    for (const lower of overlay.lowers) set('lowerdir+', names.fit(lower));
    for (const [key, value] of Object.entries(overlay.options ?? {})) set(key, value);
    if (overlay.upper !== undefined) set('upperdir', names.fit(overlay.upper, { escapes: true }));
    if (overlay.work !== undefined) set('workdir', names.fit(overlay.work, { escapes: true }));
    if (libc().fsconfig(SYS.fsconfig, context, FSCONFIG_CMD_CREATE, null, null, 0) === -1) {
      const errno = libc().errno();
      throw failure(what, { syscall: 'fsconfig', errno, words: words() });
    }
    const attributes = isReadonly(overlay) ? MOUNT_ATTR_RDONLY : 0;
    const fd = libc().fsmount(SYS.fsmount, context, 1, attributes);
    if (fd === -1) throw failure(what, { syscall: 'fsmount', errno: libc().errno(), words: words() });
    return new OverlayHandle(fd);
  } finally {
    libc().close(context);
  }
}

/**
 * Whether the failure may be one of age. Up to 6.4 all options are gathered unread and refused together at the end,
 * often without a word; up to 6.6 `lowerdir+` alone is refused; a seccomp profile that does not know `fsopen` says EPERM.
 * Classic `mount(2)` then has the last word.
 */
function mayBeOldKernel(syscall: string, errno: number, words: string): boolean {
  if (syscall === 'fsopen') return errno === ENOSYS || errno === EPERM;
  if (errno !== EINVAL || syscall === 'none') return false;
  const { major, minor } = kernelRelease();
  return major < 6 || (major === 6 && minor < 7) || words.includes("Unknown parameter 'lowerdir");
}

/**
 * The same by `mount(2)`. All names must fit in one page; where they do not, each is replaced by the short
 * `/proc/self/fd/N` of a folder that is open meanwhile (`mountinfo` shows those then). 4 KiB hold some 200 layers so.
 */
export function mountOverlayClassic(target: string, overlay: OverlayMount): void {
  const what = () => `${describe(overlay)} on "${showPath(target)}"`;
  checkOverlay(overlay, what);
  const pageBytes = libc().sysconf(SC_PAGESIZE);
  using names = new ShortNames();
  using log = KernelLog.openAtEnd();
  let data = classicData(overlay, (path) => path);
  if (data.length > pageBytes) data = classicData(overlay, (path) => names.shorten(path));
  if (data.length > pageBytes) {
    throw new LinuxError(what(), {
      errno: 7,
      syscall: 'mount',
      reason: `${overlay.lowers.length} layers need ${data.length} bytes of options, and this kernel takes ${pageBytes}`,
      hint: 'Linux 6.7 and newer have no such limit; fewer layers in the image help too',
    });
  }
  const flags = isReadonly(overlay) ? MS_RDONLY : 0;
  const result = libc().mount(cPath('overlay'), pathArgument(target, what), cPath('overlay'), flags, data);
  if (result === 0) return;
  const errno = libc().errno();
  throw failure(what, { syscall: 'mount', errno, words: log.lines('overlayfs', 'overlay') });
}

class OverlayHandle implements DetachedMount {
  readonly fd: number;
  #isClosed = false;

  constructor(fd: number) {
    this.fd = fd;
  }

  attach(target: string): void {
    attachMount(this.fd, target, () => cannot('mount an overlay on', target));
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    libc().close(this.fd);
  }
}

/** Folders held open so that they can be called by a short name, `/proc/self/fd/N`. */
class ShortNames implements Disposable {
  readonly #fds: number[] = [];

  /** The path as it is, unless the kernel would not take it: too long, or with characters that `escapes` eat. */
  fit(path: string, options: { readonly escapes?: boolean } = {}): string {
    const fits = Buffer.byteLength(path) < VALUE_MAX_BYTES;
    return fits && !(options.escapes && path.includes('\\')) ? path : this.shorten(path);
  }

  shorten(path: string): string {
    const fd = openFile(path, O_PATH, () => cannot('open', path));
    this.#fds.push(fd);
    return `/proc/self/fd/${fd}`;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds) libc().close(fd);
  }
}

/** Option string for `mount(2)`: `:` and `,` part values, `\` makes them plain. */
function classicData(overlay: OverlayMount, name: (path: string) => string): Buffer {
  const plain = (path: string) => name(path).replace(/[\\,:]/g, '\\$&');
  const parts = [`lowerdir=${overlay.lowers.map(plain).join(':')}`];
  if (overlay.upper !== undefined) parts.push(`upperdir=${plain(overlay.upper)}`);
  if (overlay.work !== undefined) parts.push(`workdir=${plain(overlay.work)}`);
  for (const [key, value] of Object.entries(overlay.options ?? {})) {
    parts.push(value === true ? key : `${key}=${value}`);
  }
  return cPath(parts.join(','));
}

function checkOverlay(overlay: OverlayMount, what: () => string): void {
  for (const path of [...overlay.lowers, overlay.upper ?? '', overlay.work ?? '']) pathArgument(path, what);
  const refuse = (reason: string) => {
    throw new LinuxError(what(), { errno: EINVAL, syscall: 'none', reason });
  };
  if ((overlay.upper === undefined) !== (overlay.work === undefined)) {
    refuse('an upper and a work folder belong together');
  }
  if (overlay.lowers.length === 0) refuse('there is no lower folder');
  if (overlay.lowers.length === 1 && overlay.upper === undefined) {
    refuse('one lower folder alone is no overlay: two are needed, or an upper');
  }
}

function isReadonly({ upper, isReadonly = false }: OverlayMount): boolean {
  return isReadonly || upper === undefined;
}

function describe(overlay: OverlayMount): string {
  const { lowers, upper } = overlay;
  return upper === undefined
    ? `Cannot mount an overlay of ${lowers.length} layers`
    : `Cannot mount an overlay of "${showPath(upper)}" and ${lowers.length} layers`;
}

interface Failure {
  readonly syscall: string;
  readonly errno: number;
  readonly words?: readonly string[];
}

function failure(what: () => string, { syscall, errno, words = [] }: Failure): LinuxError {
  const reason = words.join('; ');
  const isOldKernel = syscall !== 'mount' && mayBeOldKernel(syscall, errno, reason);
  return new LinuxError(what(), {
    errno,
    syscall,
    ...(reason === '' ? {} : { reason }),
    ...(isOldKernel ? { detail: { isOldKernel } } : {}),
  });
}

/** What the file system context has to say: lines `e text`, `w text`, `i text`, one per read, then ENODATA. */
function contextLog(context: number): string[] {
  const lines: string[] = [];
  const line = Buffer.alloc(4096);
  for (;;) {
    let length = 0;
    try {
      length = readSync(context, line, 0, line.length, null);
    } catch {
      return lines;
    }
    if (length === 0) return lines;
    lines.push(
      line
        .toString('utf8', 0, length)
        .trim()
        .replace(/^[ewi] /, ''),
    );
  }
}
