import { DRIVERS } from '../drivers/registry.ts';
import {
  SUITE_OPTIONS as driverOptions,
  DEVICEMAPPER_PLACE as place,
  whyNoDevicemapper,
} from '../testing/devicemapper.ts';
import { randomSuite } from '../testing/random-suite.ts';
import { sampleOf } from '../testing/sample.ts';
import { layerStoreSuite } from './testsuite.ts';

const skip = await whyNoDevicemapper();
const only = sampleOf(0.06);
const runs = process.env.BERTH_SOAK === '1' ? 25 : 2;
for (const entry of DRIVERS) {
  if (entry.name !== 'devicemapper') continue;
  layerStoreSuite({ entry, skip, place, driverOptions, only });
  randomSuite({ entry, skip, place, driverOptions, only, runs });
}
