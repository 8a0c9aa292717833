import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { nativePath } from '@berth/linux';
import { bytesToPath } from '@berth/oci';

/**
 * Looking around inside the jail, where the layer's folder is `/`. Paths given here have no symlink in any directory
 * part: `Places` resolves those, so that what is made lies where it was looked for.
 */
export const JAIL_ROOT = '/';

export function inJail(path: string): string {
  return JAIL_ROOT + path;
}

/** `undefined`: there is nothing. */
export function statOf(path: string, root = JAIL_ROOT): Stats | undefined {
  return lstatSync(nativePath(root + path), { throwIfNoEntry: false });
}

export function linkTargetOf(path: string, root = JAIL_ROOT): string {
  return bytesToPath(readlinkSync(nativePath(root + path), { encoding: 'buffer' }));
}

export function namesIn(directory: string, root = JAIL_ROOT): string[] {
  return readdirSync(nativePath(root + directory), { encoding: 'buffer' }).map((name) => bytesToPath(name));
}
