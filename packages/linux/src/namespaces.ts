import { closeSync, constants, unlinkSync } from 'node:fs';
import { cannot, LinuxError } from './errors.ts';
import { checked, libc, openFile, pathArgument } from './libc.ts';
import { bringUpLoopback } from './loopback.ts';
import { isMountPoint } from './mount-info.ts';
import { cPath, nativePath } from './paths.ts';

/**
 * Network namespaces from the calling thread. `unshare` and `setns` of a network concern one thread only; everything
 * here is synchronous, so nothing else can run on that thread while it is away. A new namespace takes 0.4 ms; a program
 * or a worker would take ten times as long.
 */

const CLONE_NEWNET = 0x40000000;
const MS_BIND = 0x1000;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
const EPERM = 1;
const ENOENT = 2;
const EINVAL = 22;

/**
 * Makes a namespace, its loopback up, and binds it on a new file at `path`.
 * @throws {LinuxError} `EEXIST` if there was something; nothing is left at `path` after a failure
 */
export async function createNetworkNamespace(path: string): Promise<void> {
  makeNetworkNamespace(path, bringUpLoopback);
}

/**
 * Makes a namespace and binds it on a new file at `path`: it lives as long as that mount, and no thread stays in it.
 * Its loopback is still down. `prepare` runs inside, before anybody can see it.
 *
 * @throws {LinuxError} `EEXIST` if there was something; nothing is left at `path` after any other failure
 */
export function makeNetworkNamespace<T>(path: string, prepare: () => T): T {
  const what = () => cannot('make the network namespace', path);
  const target = pathArgument(path, what);
  libc().close(openFile(path, constants.O_RDONLY | constants.O_CREAT | constants.O_EXCL, what, 0o444));
  try {
    return awayFromHome(what, () => {
      checked(libc().unshare(CLONE_NEWNET), what, 'unshare');
      const result = prepare();
      const made = cPath('/proc/thread-self/ns/net');
      checked(libc().mount(made, target, null, MS_BIND, null), what, 'mount');
      return result;
    });
  } catch (error) {
    removeNetworkNamespace(path);
    throw error;
  }
}

/** Takes mount and file away; the kernel ends the namespace once no process is in it. Idempotent. */
export function removeNetworkNamespace(path: string): void {
  const what = () => cannot('remove the network namespace', path);
  const target = pathArgument(path, what);
  // Bound more than once after a crash between two tries: each has to go.
  while (libc().umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) === 0);
  const errno = libc().errno();
  if (errno === ENOENT) return;
  // EPERM comes before the question whether anything is mounted there.
  const isMounted = errno !== EINVAL && !(errno === EPERM && !isMountPoint(path));
  if (isMounted) throw new LinuxError(what(), { errno, syscall: 'umount2' });
  try {
    unlinkSync(nativePath(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Runs something synchronous with this thread in another network namespace. */
export function insideNetworkNamespace<T>(path: string, run: () => T): T {
  const what = () => cannot('enter the network namespace', path);
  return awayFromHome(what, () => {
    const there = openFile(path, constants.O_RDONLY, what);
    try {
      checked(libc().setns(there, CLONE_NEWNET), what, 'setns');
    } finally {
      closeSync(there);
    }
    return run();
  });
}

function awayFromHome<T>(what: () => string, run: () => T): T {
  const home = openFile('/proc/thread-self/ns/net', constants.O_RDONLY, what);
  try {
    // Whoever may not come back (root of a user namespace: EPERM) must not leave.
    checked(libc().setns(home, CLONE_NEWNET), what, 'setns');
    try {
      return run();
    } finally {
      // A thread left in the wrong network would speak for the machine from inside a container.
      if (libc().setns(home, CLONE_NEWNET) !== 0) process.abort();
    }
  } finally {
    closeSync(home);
  }
}
