import { constants } from 'node:fs';
import { cannot } from './errors.ts';
import { refuseUnlessReady, setJail } from './jail-state.ts';
import { checked, libc, O_PATH, openFile, pathArgument } from './libc.ts';
import { cPath, showPath } from './paths.ts';

const CLONE_FS = 0x200;

/**
 * Runs `work` in a jail, as after `enterJail`, and comes back: for a worker thread that goes into one folder after another,
 * since making such a thread costs more than unpacking a small layer.
 *
 * What keeps a *path* inside is the same. What leads out is the descriptor of the root from before, which no path can name:
 * inside there is no `proc` unless the caller has mounted one. It is no jail for code, and neither is `enterJail`: a
 * thread with CAP_SYS_CHROOT finds a way out of any chroot.
 *
 * Afterwards the working folder of the thread is `/`, whatever `process.cwd()` remembers: absolute paths only.
 *
 * The rules of `enterJail` hold until `work` has settled, for everything that runs on this thread meanwhile.
 *
 * @throws {LinuxStateError} `JAIL_REFUSED` as `enterJail`, and inside another visit
 * @throws {LinuxError} `ENOENT`, `ENOTDIR`, `EPERM`
 */
export async function visitJail<T>(root: string, work: () => Promise<T>): Promise<T> {
  const what = () => cannot('visit the jail', root);
  refuseUnlessReady(what());
  const path = pathArgument(root, what);
  const outside = openFile('/', O_PATH | constants.O_DIRECTORY, what);
  try {
    checked(libc().unshare(CLONE_FS), what, 'unshare');
    checked(libc().chroot(path), what, 'chroot');
    setJail(`"${showPath(root)}"`);
    const umask = libc().umask(0);
    try {
      // Without this the working folder stays outside, and `../../..` leads to the machine's root.
      checked(libc().chdir(cPath('/')), what, 'chdir');
      return await work();
    } finally {
      const back = () => cannot('leave the jail', root);
      checked(libc().fchdir(outside), back, 'fchdir');
      checked(libc().chroot(cPath('.')), back, 'chroot');
      libc().umask(umask);
      setJail(undefined);
    }
  } finally {
    libc().close(outside);
  }
}
