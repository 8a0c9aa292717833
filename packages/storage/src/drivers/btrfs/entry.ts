import { holdsLayerFolders } from '../home.ts';
import type { DriverEntry } from '../interface.ts';
import { openBtrfs } from './driver.ts';
import { probeBtrfs } from './probe.ts';

export const BTRFS: DriverEntry = {
  name: 'btrfs',
  preference: 20,
  summary:
    'Every layer a subvolume, made as a snapshot of the one below; files share what was not changed, block by block',
  support: {
    kernel: 'Linux 4.18 with btrfs, on a data folder that is on btrfs',
    isInMainline: true,
    mainlineSince: '2.6.29',
    prefer:
      'overlay2 works on btrfs too, shares what it has read among containers and is the one that most people use. btrfs shares the extents of files: a small change to a large file takes no copy of the file. It needs the data folder on btrfs.',
  },
  probe: probeBtrfs,
  holdsLayers: holdsLayerFolders,
  open: openBtrfs,
};
