import { holdsLayerFolders } from '../home.ts';
import type { DriverEntry } from '../interface.ts';
import { openDevicemapper } from './driver.ts';
import { probeDevicemapper } from './probe.ts';

export const DEVICEMAPPER: DriverEntry = {
  name: 'devicemapper',
  preference: 110,
  summary:
    'Each layer a block device with a file system of its own, a snapshot of the one below; blocks are copied when first written to',
  support: {
    kernel: 'Linux 3.2 with thin pools of the device mapper; 5.8 for a pool in files',
    isInMainline: true,
    mainlineSince: '3.2',
    deprecated: 'Docker gave it up in 18.09 and took it out in 25.0',
    prefer:
      'Use overlay2, which shares what it has read among containers. devicemapper copies blocks, whatever file system the disk has, and sets a limit to the size of each container. Give it a pool of its own (dm.thinpooldev): one in files is slow.',
  },
  probe: probeDevicemapper,
  holdsLayers: holdsLayerFolders,
  open: openDevicemapper,
};
