import { useFileSystem } from '../../testing/loop-file-system.ts';
import { DRIVERS } from '../registry.ts';
import { driverSuite } from '../testsuite.ts';

const { skip, place } = useFileSystem('btrfs');
for (const entry of DRIVERS) {
  if (entry.name === 'btrfs') driverSuite({ entry, skip, place });
}
