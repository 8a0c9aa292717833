import { holdsLayerFolders } from '../home.ts';
import type { DriverEntry } from '../interface.ts';
import { openVfs } from './driver.ts';
import { probeVfs } from './probe.ts';

export const VFS: DriverEntry = {
  name: 'vfs',
  preference: 90,
  summary: 'Every layer a full copy, by reflink where the file system can; needs nothing',
  support: {
    kernel: 'any',
    isInMainline: true,
    prefer:
      'Use overlay2. vfs is for file systems that nothing else works on, and for comparing others with.',
  },
  probe: probeVfs,
  holdsLayers: holdsLayerFolders,
  open: openVfs,
};
