import type { DriverEntry } from '../interface.ts';
import { openAufs } from './driver.ts';
import { holdsAufsLayers } from './home.ts';
import { probeAufs } from './probe.ts';

export const AUFS: DriverEntry = {
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
};
