import { mkdir, rmdir } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import { isMountPoint, readMounts, unmount } from '@berth/linux';
import { asDiskFull } from './disk/disk-full.ts';
import type { DriverHome } from './home.ts';
import type { LayerKey } from './interface.ts';
import { isLayerKey } from './keys.ts';

/** @returns `false` when it was there */
export async function makeMountPoint(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if (hasCode(error) && error.code === 'EEXIST') return false;
    throw await asDiskFull(error, path);
  }
}

/** Detaches all that is mounted at a folder, then removes it. Nothing there is fine. */
export async function takeMountDown(path: string): Promise<void> {
  try {
    // Before the folder goes: where it is still used, also in another mount namespace, the users keep what they have.
    for (let isMounted = true; isMounted; isMounted = isMountPoint(path)) {
      unmount(path, { detach: true, noFollow: true });
    }
  } catch (error) {
    if (!(hasCode(error) && (error.code === 'EINVAL' || error.code === 'ENOENT'))) throw error;
  }
  await dropMountPoint(path);
}

/** It may be somebody else's mount point, or have been written to while nothing was mounted: then it goes with the layer. */
export async function dropMountPoint(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (!(hasCode(error) && ['ENOENT', 'EBUSY', 'ENOTEMPTY'].includes(error.code))) throw error;
  }
}

/** Layers that have a mount at `<key>/<name>`. */
export function keysMountedAt(home: DriverHome, name: string): ReadonlySet<LayerKey> {
  const prefix = `${home.path}/`;
  const keys = new Set<LayerKey>();
  for (const { mountPoint } of readMounts()) {
    if (!mountPoint.startsWith(prefix)) continue;
    const [key = '', folder] = mountPoint.slice(prefix.length).split('/');
    if (folder === name && isLayerKey(key)) keys.add(key);
  }
  return keys;
}
