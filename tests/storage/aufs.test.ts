import { DRIVERS } from '@berth/storage';
import { crashSuite, driverSuite, layerStoreSuite, randomSuite, sampleOf } from '@berth/storage/testsuite';
import { putFuseOnPath } from './fuse-overlayfs.ts';

const skip = await putFuseOnPath();
/** Each history costs more than on other drivers. */
const RUNS = process.env.BERTH_SOAK === '1' ? {} : { runs: 12 };
/** The suites of other drivers have all their cases in every run. */
const only = sampleOf(0.35);
for (const entry of DRIVERS) {
  if (entry.name !== 'aufs') continue;
  driverSuite({ entry, skip, only });
  layerStoreSuite({ entry, skip, only });
  crashSuite({ entry, skip });
  // fuse-overlayfs copies a directory up by mkdir(2), which takes no set-user-ID and set-group-ID.
  randomSuite({ entry, skip, losesDirectoryBits: true, ...RUNS });
}
