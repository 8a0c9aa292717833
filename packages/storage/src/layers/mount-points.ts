import { closeSync, fstatSync, lstatSync, mkdirSync, openSync, symlinkSync, unlinkSync } from 'node:fs';
import { hasCode } from '@berth/errors';
import { openInRoot, setTimes } from '@berth/linux';

type MountPoint = { readonly path: string } & (
  | { readonly type: 'directory' }
  | { readonly type: 'file' }
  | { readonly type: 'symlink'; readonly target: string }
);

/** An init layer that has to be made anew is the same as the one before. */
const MADE_AT = { atime: 0n, mtime: 0n } as const;

/** What every container finds, whatever its image has: what a runtime mounts on, and what programs look for. @see moby daemon/initlayer */
export const MOUNT_POINTS: readonly MountPoint[] = [
  { path: 'proc', type: 'directory' },
  { path: 'sys', type: 'directory' },
  { path: 'dev/pts', type: 'directory' },
  { path: 'dev/shm', type: 'directory' },
  { path: 'dev/console', type: 'file' },
  { path: 'etc/hosts', type: 'file' },
  { path: 'etc/hostname', type: 'file' },
  { path: 'etc/resolv.conf', type: 'file' },
  { path: 'etc/mtab', type: 'symlink', target: '/proc/mounts' },
  { path: '.dockerenv', type: 'file' },
];

/**
 * Makes those that the root filesystem lacks. Its folders may be symlinks to anywhere: they are resolved inside `root` by the kernel
 * (openat2), and names are made in the folder that was found. What is there stays, but a symlink in the place of a file is
 * replaced: what is mounted on `/etc/resolv.conf` must not land elsewhere. Times of folders that were there stay, so that the init
 * layer shows in no diff.
 */
export function makeMountPoints(root: string): void {
  for (const point of MOUNT_POINTS) {
    const names = point.path.split('/');
    const name = names.pop() as string;
    const folder = openFolder(root, names);
    if (folder === undefined) continue;
    try {
      keepingTimes(folder, () => make(`/proc/self/fd/${folder}/${name}`, point));
    } finally {
      closeSync(folder);
    }
  }
}

/** @returns `undefined` where the image has something else in its place: a runtime will say so */
function openFolder(root: string, names: readonly string[]): number | undefined {
  const path = names.join('/');
  try {
    return openInRoot(root, path === '' ? '.' : path, { directory: true });
  } catch (error) {
    if (!hasCode(error) || !['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) throw error;
    if (error.code !== 'ENOENT' || names.length === 0) return undefined;
  }
  const above = openFolder(root, names.slice(0, -1));
  if (above === undefined) return undefined;
  try {
    keepingTimes(above, () => {
      const path = `/proc/self/fd/${above}/${names.at(-1)}`;
      // A symlink that leads nowhere: in its place, as what is below it could not be reached.
      if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(path);
      mkdirSync(path, { mode: 0o755 });
      setTimes(path, MADE_AT);
    });
  } finally {
    closeSync(above);
  }
  return openInRoot(root, path, { directory: true });
}

function make(path: string, point: MountPoint): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there !== undefined) {
    if (point.type !== 'file' || !there.isSymbolicLink()) return;
    unlinkSync(path);
  }
  if (point.type === 'directory') mkdirSync(path, { mode: 0o755 });
  else if (point.type === 'symlink') symlinkSync(point.target, path);
  else closeSync(openSync(path, 'wx', 0o755));
  setTimes(path, MADE_AT);
}

function keepingTimes(folder: number, work: () => void): void {
  const { atimeNs, mtimeNs } = fstatSync(folder, { bigint: true });
  work();
  setTimes(`/proc/self/fd/${folder}/.`, { atime: atimeNs, mtime: mtimeNs });
}
