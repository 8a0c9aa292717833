import { closeSync, constants, fstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import {
  bindMount,
  enterJail,
  enterMountNamespace,
  enterPrivateMounts,
  openInRoot,
  openPidfd,
  remount,
  signalPidfd,
} from '@berth/linux';
import { EngineError } from '../../errors.ts';
import type { Place, PlaceMount } from './messages.ts';

/**
 * From here on this thread sees the container's files and nothing else; there is no way back.
 * @throws {EngineError} `CONTAINER_NOT_RUNNING` when the process ended meanwhile
 */
export function enterPlace(place: Place): void {
  if (place.kind === 'namespace') enterProcess(place);
  else enterRootfs(place);
}

/**
 * A pid may belong to another process by now. While the pidfd can be signalled it is one and the same process all the
 * time, and that one is of this container, since its cgroup says so.
 */
function enterProcess({ id, pid }: Extract<Place, { kind: 'namespace' }>): void {
  const gone = () => new EngineError('CONTAINER_NOT_RUNNING', `container ${id} is not running`);
  try {
    const pidfd = openPidfd(pid);
    try {
      if (!readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(id)) throw gone();
      enterMountNamespace(pid);
      signalPidfd(pidfd, 0);
    } finally {
      closeSync(pidfd);
    }
  } catch (error) {
    if (hasCode(error) && (error.code === 'ESRCH' || error.code === 'ENOENT')) throw gone();
    throw error;
  }
}

function enterRootfs({ rootfs, isReadonly, mounts }: Extract<Place, { kind: 'mounts' }>): void {
  enterPrivateMounts();
  // A mount of its own, so that it can become read-only whatever it lies on; what is put into it is not touched by that.
  if (isReadonly) bindMount(rootfs, rootfs, { recursive: false, propagation: 'private' });
  for (const mount of mounts) putMount(rootfs, mount);
  if (isReadonly) remount(rootfs, { readonly: true });
  enterJail(rootfs);
}

/** The folder is given to the kernel as it is open: a container that runs can exchange names, not that. */
function putMount(rootfs: string, { source, destination, isReadonly, isRecursive }: PlaceMount): void {
  const isFolder = isDirectory(source);
  if (isFolder === undefined) return;
  const target = openTarget(rootfs, destination, isFolder);
  if (target === undefined) return;
  try {
    bindMount(source, `/proc/self/fd/${target}`, {
      recursive: isRecursive,
      propagation: 'private',
      ...(isReadonly ? { readonly: true } : {}),
    });
  } finally {
    closeSync(target);
  }
}

/** `undefined`: there is nothing to mount; the container would not start either. */
function isDirectory(path: string): boolean | undefined {
  try {
    const fd = openInRoot('/', path, { flags: constants.O_RDONLY | constants.O_NONBLOCK });
    try {
      return fstatSync(fd).isDirectory();
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(error.code)) return undefined;
    throw error;
  }
}

const O_PATH = 0x200000;

/** The place of a mount, made where it is missing, as a start of the container makes it. */
function openTarget(rootfs: string, destination: string, isFolder: boolean): number | undefined {
  try {
    return openInRoot(rootfs, destination, { flags: O_PATH });
  } catch (error) {
    if (!hasCode(error) || error.code !== 'ENOENT') return undefined;
  }
  const parts = destination.split('/').filter((part) => part !== '');
  let parent = openInRoot(rootfs, '/', { flags: O_PATH, directory: true });
  try {
    for (const [at, part] of parts.entries()) {
      const path = `/${parts.slice(0, at + 1).join('/')}`;
      const isLast = at === parts.length - 1;
      makeEntry(`/proc/self/fd/${parent}/${part}`, isFolder || !isLast);
      const next = openInRoot(rootfs, path, { flags: O_PATH });
      if (isLast) return next;
      closeSync(parent);
      parent = next;
    }
    return undefined;
  } catch (error) {
    // A link that leads nowhere, or a read-only place: then it cannot be mounted there.
    if (hasCode(error) && ['ENOENT', 'ENOTDIR', 'ELOOP', 'EROFS', 'EEXIST'].includes(error.code))
      return undefined;
    throw error;
  } finally {
    closeSync(parent);
  }
}

function makeEntry(path: string, isFolder: boolean): void {
  try {
    if (isFolder) mkdirSync(path, 0o755);
    else writeFileSync(path, '', { flag: 'wx', mode: 0o644 });
  } catch (error) {
    if (!hasCode(error) || error.code !== 'EEXIST') throw error;
  }
}
