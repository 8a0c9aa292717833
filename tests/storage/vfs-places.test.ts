import { DRIVERS } from '@berth/storage';
import { crashSuite, driverSuite, layerStoreSuite, randomSuite, sampleOf } from '@berth/storage/testsuite';
import { debianFileSystem } from './places.ts';

/** Both clone files, and each is full in its own way. */
const PLACES = [
  ['btrfs', []],
  ['xfs', ['-m', 'reflink=1']],
] as const;
const IS_SOAK = process.env.BERTH_SOAK === '1';

for (const [type, mkfsArguments] of PLACES) {
  const { skip, place } = await debianFileSystem(type, { mkfsArguments });
  const sample = sampleOf(0.15);
  /** What is about room and about shared blocks is why they run here. */
  const only = (name: string): boolean => /usage\(\)|DISK_FULL/.test(name) || sample(`${type}/${name}`);
  for (const entry of DRIVERS) {
    if (entry.name !== 'vfs') continue;
    driverSuite({ entry, skip, place, only, depth: 40 });
    layerStoreSuite({ entry, skip, place, only });
    if (!IS_SOAK) continue;
    crashSuite({ entry, skip, place });
    randomSuite({ entry, skip, place });
  }
}
