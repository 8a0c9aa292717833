import { DRIVERS } from '../drivers/registry.ts';
import {
  SUITE_OPTIONS as driverOptions,
  DEVICEMAPPER_PLACE as place,
  whyNoDevicemapper,
} from '../testing/devicemapper.ts';
import { crashSuite } from './crash-suite.ts';

const skip = await whyNoDevicemapper();
const most = Number(process.env.BERTH_CRASH_MOST ?? (process.env.BERTH_SOAK === '1' ? 40 : 2));
for (const entry of DRIVERS) {
  if (entry.name === 'devicemapper') crashSuite({ entry, skip, place, driverOptions, most });
}
