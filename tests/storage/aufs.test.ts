import { DRIVERS } from '@berth/storage';
import { crashSuite, driverSuite, layerStoreSuite, randomSuite } from '@berth/storage/testsuite';
import { putFuseOnPath } from './fuse-overlayfs.ts';

const skip = await putFuseOnPath();
/** Each history costs more than on other drivers. */
const RUNS = process.env.BERTH_SOAK === '1' ? {} : { runs: 12 };
for (const entry of DRIVERS) {
  if (entry.name !== 'aufs') continue;
  driverSuite({ entry, skip });
  layerStoreSuite({ entry, skip });
  crashSuite({ entry, skip });
  randomSuite({ entry, skip, ...RUNS });
}
