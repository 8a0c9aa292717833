import { whyNotHere } from '../../testing/scratch.ts';
import { DRIVERS } from '../registry.ts';
import { driverSuite } from '../testsuite.ts';

for (const entry of DRIVERS) {
  if (entry.name === 'overlay') driverSuite({ entry, skip: whyNotHere(), depth: 50 });
}
