import { DRIVERS } from '../drivers/registry.ts';
import { whyNotHere } from '../testing/scratch.ts';
import { layerStoreSuite } from './testsuite.ts';

for (const entry of DRIVERS) if (entry.name === 'overlay') layerStoreSuite({ entry, skip: whyNotHere() });
