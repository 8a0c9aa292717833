import { DRIVERS } from '../drivers/registry.ts';
import {
  SUITE_OPTIONS as driverOptions,
  DEVICEMAPPER_PLACE as place,
  whyNoDevicemapper,
} from '../testing/devicemapper.ts';
import { sampleOf } from '../testing/sample.ts';
import { layerStoreSuite } from './testsuite.ts';

const skip = await whyNoDevicemapper();
const only = sampleOf(0.06);
for (const entry of DRIVERS) {
  if (entry.name === 'devicemapper') layerStoreSuite({ entry, skip, place, driverOptions, only });
}
