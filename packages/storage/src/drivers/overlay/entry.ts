import { holdsLayerFolders } from '../home.ts';
import type { DriverEntry } from '../interface.ts';
import { openOverlay } from './driver.ts';
import { probeOverlay } from './probe.ts';

export const OVERLAY: DriverEntry = {
  name: 'overlay',
  preference: 100,
  summary:
    'One lower folder and one upper: each image layer a whole tree whose files are further names of those below',
  support: {
    kernel: 'Linux 3.18 with overlayfs',
    isInMainline: true,
    mainlineSince: '3.18',
    deprecated: 'Docker gave it up in 18.09 and took it out in 24.0',
    prefer:
      'Use overlay2, which keeps what a layer changes and no more. overlay is for kernels before 4.0, whose overlayfs takes one lower folder.',
  },
  probe: probeOverlay,
  holdsLayers: holdsLayerFolders,
  open: openOverlay,
};
