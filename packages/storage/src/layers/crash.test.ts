import { DRIVERS } from '../drivers/registry.ts';
import { whyItDoesNotWork } from '../testing/why-not.ts';
import { crashSuite } from './crash-suite.ts';

// Those that want a file system or a device of their own have it elsewhere.
for (const entry of DRIVERS) crashSuite({ entry, skip: await whyItDoesNotWork(entry) });
