import { AUFS } from './aufs/entry.ts';
import { BTRFS } from './btrfs/entry.ts';
import { DEVICEMAPPER } from './devicemapper/entry.ts';
import type { DriverEntry } from './interface.ts';
import { OVERLAY } from './overlay/entry.ts';
import { OVERLAY2 } from './overlay2/entry.ts';
import { VFS } from './vfs/entry.ts';

/**
 * Every driver there is. A new one is a folder beside these, an import and a name in the list.
 *
 * Where nothing decides, the first that works is taken: overlay2; btrfs where there is no overlayfs and the folder is on btrfs;
 * else vfs, which works everywhere. The drivers after vfs are never taken by themselves, as in Docker, where they were left out of the
 * list once they were deprecated: each is slower or harder to keep than overlay2 wherever both work. They are for those who ask
 * for them by name.
 */
export const DRIVERS: readonly DriverEntry[] = [OVERLAY2, BTRFS, VFS, OVERLAY, DEVICEMAPPER, AUFS];
