import { DRIVERS } from '@berth/storage';
import { crashSuite, driverSuite, layerStoreSuite } from '@berth/storage/testsuite';
import { debianFileSystem } from './places.ts';

const { skip, place } = await debianFileSystem('btrfs');
for (const entry of DRIVERS) {
  if (entry.name !== 'btrfs') continue;
  driverSuite({ entry, skip, place });
  layerStoreSuite({ entry, skip, place });
  crashSuite({ entry, skip, place });
}
