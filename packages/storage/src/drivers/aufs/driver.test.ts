import { whyItDoesNotWork } from '../../testing/why-not.ts';
import { DRIVERS } from '../registry.ts';
import { driverSuite } from '../testsuite.ts';

for (const entry of DRIVERS) {
  if (entry.name === 'aufs') driverSuite({ entry, skip: await whyItDoesNotWork(entry) });
}
