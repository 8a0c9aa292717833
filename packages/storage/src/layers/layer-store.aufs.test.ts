import { DRIVERS } from '../drivers/registry.ts';
import { whyItDoesNotWork } from '../testing/why-not.ts';
import { layerStoreSuite } from './testsuite.ts';

for (const entry of DRIVERS) {
  if (entry.name === 'aufs') layerStoreSuite({ entry, skip: await whyItDoesNotWork(entry) });
}
