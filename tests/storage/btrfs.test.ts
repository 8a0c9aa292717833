import { DRIVERS } from '@berth/storage';
import { crashSuite, driverSuite, layerStoreSuite, randomSuite } from '@berth/storage/testsuite';
import { debianFileSystem } from './places.ts';

const { skip, place } = await debianFileSystem('btrfs');
/** Each history costs more than on other drivers. */
const RUNS = process.env.BERTH_SOAK === '1' ? {} : { runs: 40 };
for (const entry of DRIVERS) {
  if (entry.name !== 'btrfs') continue;
  driverSuite({ entry, skip, place });
  layerStoreSuite({ entry, skip, place });
  crashSuite({ entry, skip, place });
  randomSuite({ entry, skip, place, ...RUNS });
}
