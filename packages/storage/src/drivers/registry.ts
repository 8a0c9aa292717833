import { openAufs } from './aufs/driver.ts';
import { holdsAufsLayers } from './aufs/home.ts';
import { probeAufs } from './aufs/probe.ts';
import { openBtrfs } from './btrfs/driver.ts';
import { probeBtrfs } from './btrfs/probe.ts';
import { openDevicemapper } from './devicemapper/driver.ts';
import { probeDevicemapper } from './devicemapper/probe.ts';
import { holdsLayerFolders } from './home.ts';
import type { DriverEntry } from './interface.ts';
import { openOverlay } from './overlay/driver.ts';
import { probeOverlay } from './overlay/probe.ts';
import { openOverlay2 } from './overlay2/driver.ts';
import { probeOverlay2 } from './overlay2/probe.ts';
import { openVfs } from './vfs/driver.ts';
import { probeVfs } from './vfs/probe.ts';

/**
 * Every driver there is. A new one is a folder beside these and an entry here.
 *
 * Where nothing decides, the first that works is taken: overlay2; btrfs where there is no overlayfs and the folder is on btrfs;
 * else vfs, which works everywhere. The drivers after vfs are never taken by themselves, as in Docker, where they were left out of the
 * list once they were deprecated: each is slower or harder to keep than overlay2 wherever both work. They are for those who ask
 * for them by name.
 */
export const DRIVERS: readonly DriverEntry[] = [
  {
    name: 'overlay2',
    preference: 10,
    summary:
      'Layers side by side, laid over each other by overlayfs when mounted; files are copied up when changed',
    support: {
      kernel: 'Linux 4.0 with overlayfs',
      isInMainline: true,
      prefer: 'The one to use where it works.',
    },
    probe: probeOverlay2,
    holdsLayers: holdsLayerFolders,
    open: openOverlay2,
  },
  {
    name: 'btrfs',
    preference: 20,
    summary:
      'Every layer a subvolume, made as a snapshot of the one below; files share what was not changed, block by block',
    support: {
      kernel: 'Linux 4.18 with btrfs, on a data folder that is on btrfs',
      isInMainline: true,
      prefer:
        'overlay2 works on btrfs too, shares the page cache between containers and is the one that most people use. btrfs is the better one where containers change a little in large files.',
    },
    probe: probeBtrfs,
    holdsLayers: holdsLayerFolders,
    open: openBtrfs,
  },
  {
    name: 'vfs',
    preference: 90,
    summary: 'Every layer a full copy, by reflink where the file system can; needs nothing, shares nothing',
    support: {
      kernel: 'any',
      isInMainline: true,
      prefer:
        'Use overlay2. vfs is for file systems that nothing else works on, and for comparing others with.',
    },
    probe: probeVfs,
    holdsLayers: holdsLayerFolders,
    open: openVfs,
  },
  {
    name: 'overlay',
    preference: 100,
    summary:
      'One lower folder and one upper: each image layer a whole tree whose files are further names of those below',
    support: {
      kernel: 'Linux 3.18 with overlayfs',
      isInMainline: true,
      deprecated: 'Docker gave it up in 18.09 and took it out in 24.0',
      prefer:
        'Use overlay2, which keeps what a layer changes and no more. overlay is for kernels before 4.0, whose overlayfs takes one lower folder.',
    },
    probe: probeOverlay,
    holdsLayers: holdsLayerFolders,
    open: openOverlay,
  },
  {
    name: 'devicemapper',
    preference: 110,
    summary:
      'Each layer a block device with a file system of its own, a snapshot of the one below; blocks are copied when first written to',
    support: {
      kernel: 'Linux 3.2 with thin pools of the device mapper; 5.8 for a pool in files',
      isInMainline: true,
      deprecated: 'Docker gave it up in 18.09 and took it out in 25.0',
      prefer:
        'Use overlay2, which shares what it has read among containers. devicemapper is the better one for small changes to large files, and for limits of size on any disk; then on a pool of its own (dm.thinpooldev): one in files is slow.',
    },
    probe: probeDevicemapper,
    holdsLayers: holdsLayerFolders,
    open: openDevicemapper,
  },
  {
    name: 'aufs',
    preference: 120,
    summary:
      'Layers side by side, laid over each other by aufs; where the kernel has none, by fuse-overlayfs on the same folders',
    support: {
      kernel: 'one with aufs (a patched one, or aufs-dkms), or fuse-overlayfs on Linux 4.18',
      isInMainline: false,
      deprecated: 'Docker gave it up in 19.03 and took it out in 24.0',
      prefer:
        'Use overlay2, which does the same in the kernel of everybody. aufs is for folders that were made with it, and to see how it was.',
    },
    probe: probeAufs,
    holdsLayers: holdsAufsLayers,
    open: openAufs,
  },
];
