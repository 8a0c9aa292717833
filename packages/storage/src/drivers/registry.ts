import { holdsLayerFolders } from './home.ts';
import type { DriverEntry } from './interface.ts';
import { openOverlay2 } from './overlay2/driver.ts';
import { probeOverlay2 } from './overlay2/probe.ts';
import { openVfs } from './vfs/driver.ts';
import { probeVfs } from './vfs/probe.ts';

/** Every driver there is. A new one is a folder beside these and an entry here. */
export const DRIVERS: readonly DriverEntry[] = [
  {
    name: 'overlay2',
    preference: 10,
    summary:
      'Layers side by side, laid over each other by overlayfs when mounted; files are copied up when changed',
    probe: probeOverlay2,
    holdsLayers: holdsLayerFolders,
    open: openOverlay2,
  },
  {
    name: 'vfs',
    preference: 90,
    summary: 'Every layer a full copy, by reflink where the file system can; needs nothing, shares nothing',
    probe: probeVfs,
    holdsLayers: holdsLayerFolders,
    open: openVfs,
  },
];
