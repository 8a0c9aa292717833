import { holdsLayerFolders } from '../home.ts';
import type { DriverEntry } from '../interface.ts';
import { openOverlay2 } from './driver.ts';
import { probeOverlay2 } from './probe.ts';

export const OVERLAY2: DriverEntry = {
  name: 'overlay2',
  preference: 10,
  summary:
    'Layers side by side, laid over each other by overlayfs when mounted; files are copied up when changed',
  support: {
    kernel: 'Linux 4.0 with overlayfs',
    isInMainline: true,
    mainlineSince: '4.0',
    prefer: 'The one to use where it works.',
  },
  probe: probeOverlay2,
  holdsLayers: holdsLayerFolders,
  open: openOverlay2,
};
