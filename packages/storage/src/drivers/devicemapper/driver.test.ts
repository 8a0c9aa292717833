import {
  SUITE_DEPTH as depth,
  SUITE_OPTIONS as driverOptions,
  DEVICEMAPPER_PLACE as place,
  whyNoDevicemapper,
} from '../../testing/devicemapper.ts';
import { sampleOf } from '../../testing/sample.ts';
import { DRIVERS } from '../registry.ts';
import { driverSuite } from '../testsuite.ts';

const skip = await whyNoDevicemapper();
const only = sampleOf(0.15);
for (const entry of DRIVERS) {
  if (entry.name === 'devicemapper') driverSuite({ entry, skip, place, driverOptions, depth, only });
}
