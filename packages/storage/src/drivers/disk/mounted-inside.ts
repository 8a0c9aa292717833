import { readMounts } from '@berth/linux';
import { showName } from '@berth/oci';
import { StorageError } from '../../errors.ts';

export function mountedInside(path: string, mountPoint: string): StorageError {
  const shown = showName(mountPoint);
  return new StorageError('LAYER_BUSY', `Cannot remove "${path}": something is mounted at "${shown}"`, {
    hint: `Unmount it (umount "${shown}"), then try again`,
    detail: { path, mountPoint },
  });
}

/** Before a layer is renamed: afterwards a mount inside has the name of garbage. @throws {StorageError} `LAYER_BUSY` */
export function assertNothingMounted(path: string): void {
  const inside = readMounts().find(({ mountPoint }) => `${mountPoint}/`.startsWith(`${path}/`));
  if (inside !== undefined) throw mountedInside(path, inside.mountPoint);
}
