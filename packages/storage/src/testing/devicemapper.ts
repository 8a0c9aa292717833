import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { listDevices, removeDevice } from '../drivers/devicemapper/dmsetup.ts';
import { probeDevicemapper } from '../drivers/devicemapper/probe.ts';
import { Scratch, whyNotHere } from './scratch.ts';
import { ANY_PLACE, type SuitePlace } from './suite-place.ts';

/** A pool that is made in a moment and holds what a suite puts into it. */
export const SUITE_OPTIONS = {
  'dm.basesize': '256M',
  'dm.fs': 'ext4',
  'dm.loopdatasize': '8G',
  'dm.loopmetadatasize': '2M',
} as const;

/** Long suites are for the long run: emulated, each device takes a second. */
export const SUITE_DEPTH = process.env.BERTH_SOAK === '1' ? 128 : 6;

export const DEVICEMAPPER_PLACE: SuitePlace = { ...ANY_PLACE, letGo };

/** Why its tests cannot run here; `false` when they can. */
export async function whyNoDevicemapper(): Promise<string | false> {
  const reason = whyNotHere();
  if (reason !== false) return reason;
  await using scratch = await Scratch.make(DEVICEMAPPER_PLACE);
  const probe = await probeDevicemapper(scratch.path);
  return probe.works ? false : `${probe.cause} (${probe.evidence})`;
}

/** Pools are found by the files below them: whatever names and folders they have. */
async function letGo(folder: string): Promise<readonly string[]> {
  const left: string[] = [];
  for (const loop of await readdir('/sys/block')) {
    const file = await ifThere(readFile(`/sys/block/${loop}/loop/backing_file`, 'utf8'));
    if (file?.startsWith(`${folder}/`) !== true) continue;
    left.push(`${loop} ${file.trim()}`);
    for (const holder of (await ifThere(readdir(`/sys/block/${loop}/holders`))) ?? []) {
      const pool = await ifThere(readFile(join('/sys/block', holder, 'dm/name'), 'utf8'));
      if (pool !== undefined) left.push(...(await removePool(pool.trim())));
    }
  }
  return left;
}

async function removePool(pool: string): Promise<readonly string[]> {
  const prefix = pool.replace(/pool$/, '');
  const names = (await listDevices(prefix)).map(({ name }) => name).filter((name) => name !== pool);
  for (const name of [...names, pool]) await removeDevice(name);
  return [...names, pool];
}

async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    // ENODEV: the device went while its attribute was open.
    if (hasCode(error) && ['ENOENT', 'ENOTDIR', 'ENODEV'].includes(error.code)) return undefined;
    throw error;
  }
}
