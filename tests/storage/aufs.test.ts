import { DRIVERS } from '@berth/storage';
import { crashSuite, driverSuite, layerStoreSuite } from '@berth/storage/testsuite';
import { putFuseOnPath } from './fuse-overlayfs.ts';

const skip = await putFuseOnPath();
for (const entry of DRIVERS) {
  if (entry.name !== 'aufs') continue;
  driverSuite({ entry, skip });
  layerStoreSuite({ entry, skip });
  crashSuite({ entry, skip });
}
