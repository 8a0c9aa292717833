import { constants, readFileSync } from 'node:fs';
import { cannot, LinuxError } from './errors.ts';
import { refuseUnlessReady, setJail } from './jail-state.ts';
import { checked, libc, O_CLOEXEC, O_PATH, openFile, pathArgument } from './libc.ts';
import { type MountInfo, parseMounts } from './mount-info.ts';
import { cPath, showPath } from './paths.ts';

const CLONE_FS = 0x200;
const CLONE_NEWNS = 0x20000;
const MS_RDONLY = 0x1;
const MS_NOSUID = 0x2;
const MS_NODEV = 0x4;
const MS_NOEXEC = 0x8;
const MS_REC = 0x4000;
const MS_PRIVATE = 0x40000;
const MS_SLAVE = 0x80000;
const ENOENT = 2;
const ESRCH = 3;
const ENOTDIR = 20;

/**
 * From here on this worker thread sees nothing but the folder `root`: an absolute path begins there, `..` ends there, and
 * so does every symbolic link. There is no way back. The umask is 0 then: modes are exact.
 *
 * Afterwards only *synchronous* `fs` and calls of this package, with absolute paths: async `fs`, streams of `fs` and
 * async FFI run on pool threads, which are not in the jail and see the whole machine. Nothing can be imported any more:
 * import all before. End such a worker by letting it end (`terminate()` may abort the process while it uses FFI).
 *
 * @throws {LinuxStateError} `JAIL_REFUSED` on the main thread, a second time, or without `warmThreadPool` before
 * @throws {LinuxError} `ENOENT`, `ENOTDIR`, `EPERM`. After any failure the thread is fit for nothing but to end.
 */
export function enterJail(root: string): void {
  const what = () => cannot('enter the jail', root);
  refuseUnlessReady(what());
  const path = pathArgument(root, what);
  checked(libc().unshare(CLONE_FS), what, 'unshare');
  setJail(`"${showPath(root)}"`);
  checked(libc().chroot(path), what, 'chroot');
  // Without this the working folder stays outside, and `../../..` leads to the machine's root.
  checked(libc().chdir(cPath('/')), what, 'chdir');
  libc().umask(0);
}

/**
 * From here on this worker thread sees the mounts of process `pid`, from that process's root, in a copy of its mount
 * namespace: what is mounted or unmounted there later is not seen. The same rules as after `enterJail`. Network, pids and
 * users stay those of this process, and so every `proc` in sight is covered by an empty folder: in a container with
 * the machine's pids `/proc/self/root` would be the machine's root.
 *
 * @throws {LinuxError} `ENOENT` when the process is gone. After any failure the thread is fit for nothing but to end.
 */
export function enterMountNamespace(pid: number): void {
  const what = () => `Cannot enter the mount namespace of process ${pid}`;
  if (!Number.isSafeInteger(pid) || pid < 1) {
    throw new LinuxError(what(), { errno: ESRCH, syscall: 'none' });
  }
  refuseUnlessReady(what());
  using files = new DisposableStack();
  const open = (path: string, flags: number) => {
    const fd = openFile(path, flags, what);
    files.defer(() => libc().close(fd));
    return fd;
  };
  const proc = open('/proc', O_PATH | constants.O_DIRECTORY);
  const namespace = open(`/proc/${pid}/ns/mnt`, constants.O_RDONLY);
  // The root of a namespace is not always that of its processes (a runtime without pivot_root): taken along.
  const root = open(`/proc/${pid}/root`, O_PATH | constants.O_DIRECTORY);
  // setns(CLONE_NEWNS) refuses a thread that shares root and working folder with others.
  checked(libc().unshare(CLONE_FS), what, 'unshare');
  setJail(`the mounts of process ${pid}`);
  checked(libc().setns(namespace, CLONE_NEWNS), what, 'setns');
  checked(libc().fchdir(root), what, 'fchdir');
  checked(libc().chroot(cPath('.')), what, 'chroot');
  checked(libc().chdir(cPath('/')), what, 'chdir');
  checked(libc().unshare(CLONE_NEWNS), what, 'unshare');
  coverProc(proc, what);
  libc().umask(0);
}

/** @param proc the machine's /proc, which is out of sight by now */
function coverProc(proc: number, what: () => string): void {
  // What is mounted in the copy must not appear in the container. EINVAL: the root is no mount; each below is told so.
  libc().mount(null, cPath('/'), null, MS_REC | MS_PRIVATE, null);
  const path = cPath('thread-self/mountinfo');
  const list = checked(libc().openat(proc, path, constants.O_RDONLY | O_CLOEXEC, 0), what, 'openat');
  let mounts: MountInfo[];
  try {
    mounts = parseMounts(readFileSync(list, 'latin1'));
  } finally {
    libc().close(list);
  }
  for (const { mountPoint } of mounts.filter(({ fsType }) => fsType === 'proc')) {
    const target = pathArgument(mountPoint, what);
    libc().mount(null, target, null, MS_PRIVATE, null);
    const data = cPath('size=4k,mode=0555');
    const flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (libc().mount(cPath('none'), target, cPath('tmpfs'), flags, data) === 0) continue;
    // Below one that is covered already, or a single file.
    const errno = libc().errno();
    if (errno !== ENOENT && errno !== ENOTDIR) throw new LinuxError(what(), { errno, syscall: 'mount' });
  }
}

/**
 * Gives this worker thread a mount namespace of its own: what it mounts nobody else sees, and it is gone with the thread. What the
 * machine mounts and unmounts meanwhile is still taken over. For what `enterJail` is to find inside, before it.
 *
 * Root and working folder are the thread's own from here on, so the rules after `enterJail` hold already: only
 * synchronous `fs`, nothing to be imported any more.
 *
 * @throws {LinuxStateError} `JAIL_REFUSED` as `enterJail` does
 */
export function enterPrivateMounts(): void {
  const what = () => 'Cannot make a mount namespace of its own';
  refuseUnlessReady(what());
  checked(libc().unshare(CLONE_FS | CLONE_NEWNS), what, 'unshare');
  // Otherwise, where the machine's mounts are shared, ours would appear in all of it.
  checked(libc().mount(null, cPath('/'), null, MS_SLAVE | MS_REC, null), what, 'mount');
}
