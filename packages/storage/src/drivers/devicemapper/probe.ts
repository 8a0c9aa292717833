import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { kernelRelease } from '@berth/linux';
import { isDeadTrial, sweepDeadTrials, tryInside, whyNoMounts } from '../can-mount.ts';
import type { DriverProbe } from '../interface.ts';
import { createDevice, knownTargets, listDevices, removeDevice, versions } from './dmsetup.ts';
import { FILE_SYSTEMS, loadModule, missingPrograms } from './file-systems.ts';
import { devicePrefix, trialName, trialOfName } from './place.ts';
import { attachGround, makeFiles } from './pool-ground.ts';
import { thinTable } from './pool-lines.ts';
import { POOL_FOLDER, POOL_RECORD, readPoolRecord } from './records.ts';
import { howToInstall } from './run-program.ts';
import { ThinPool } from './thin-pool.ts';

type Failure = DriverProbe & { readonly works: false };

const PROGRAMS = [
  'dmsetup',
  'thin_check',
  'thin_ls',
  'thin_delta',
  'blkdiscard',
  ...FILE_SYSTEMS.ext4.programs,
];
const CONTROL = '/dev/mapper/control';
const LOOP_CONTROL = '/dev/loop-control';
const ELSE = 'or choose the driver overlay2';
const TRIAL_BYTES = 16 * 1024 ** 2;
const TRIAL_BLOCK_BYTES = 64 * 1024;

/** Its programs, the kernel's part, and a small pool made for real in `home`. */
export async function probeDevicemapper(home: string): Promise<DriverProbe> {
  return (
    whyNoMounts('devicemapper') ??
    (await whyNoPrograms()) ??
    (await whyNoTargets()) ??
    (await removeDeadTrials(home)) ??
    (await whyNoTrial(home)) ??
    (await tryPool(home))
  );
}

async function whyNoPrograms(): Promise<Failure | undefined> {
  const missing = await missingPrograms(PROGRAMS);
  if (missing.length === 0) return undefined;
  return {
    works: false,
    cause: 'devicemapper needs programs that are not installed',
    evidence: `Not in the path: ${missing.join(', ')}`,
    fix: `Install them (${howToInstall(missing)}), ${ELSE}`,
  };
}

async function whyNoTargets(): Promise<Failure | undefined> {
  await loadModule('dm_thin_pool');
  try {
    await access(CONTROL);
    const targets = await knownTargets();
    if (targets.has('thin-pool') && targets.has('thin')) return undefined;
    return noKernelPart(`dmsetup targets: ${[...targets.keys()].join(', ')}`);
  } catch (error) {
    if (!hasCode(error)) throw error;
    return noKernelPart(`${CONTROL}: ${error.code === 'ENOENT' ? 'not there' : (error as Error).message}`);
  }
}

function noKernelPart(evidence: string): Failure {
  return {
    works: false,
    cause: `this kernel (${kernelRelease().text}) has no device mapper with thin pools`,
    evidence,
    fix: `Load it (modprobe dm-thin-pool), or use a kernel with CONFIG_BLK_DEV_DM and CONFIG_DM_THIN_PROVISIONING, ${ELSE}`,
  };
}

/**
 * Where there is a pool already, another one proves nothing, and a full disk must not keep the engine from making room. A pool that is
 * given needs no loop devices, but only its options say so: where there are none that is told by `open`.
 */
async function whyNoTrial(home: string): Promise<DriverProbe | undefined> {
  if ((await readPoolRecord(join(home, POOL_FOLDER, POOL_RECORD))) !== undefined) {
    return { works: true, evidence: `The kernel has thin pools, and layers of one are in "${home}"` };
  }
  await loadModule('loop');
  try {
    await access(LOOP_CONTROL);
    return undefined;
  } catch (error) {
    if (!(hasCode(error) && error.code === 'ENOENT')) throw error;
    return {
      works: true,
      evidence: 'The kernel has thin pools and no loop devices: give a pool with dm.thinpooldev',
    };
  }
}

/** What a probe that was killed has left: its devices, which keep the loop devices, then its files. */
async function removeDeadTrials(home: string): Promise<undefined> {
  const prefix = devicePrefix(home);
  try {
    const names = (await listDevices(prefix)).map(({ name }) => name);
    // A pool goes after its volume, whose name begins with the pool's.
    for (const name of names.sort().toReversed()) {
      const trial = trialOfName(prefix, name);
      if (trial !== undefined && (await isDeadTrial(home, trial))) await removeDevice(name);
    }
  } catch (error) {
    // It is for the next one.
    if (!hasCode(error)) throw error;
  }
  await sweepDeadTrials(home);
}

async function tryPool(home: string): Promise<DriverProbe> {
  try {
    return await tryInside(home, async (scratch) => {
      const name = trialName(devicePrefix(home), scratch);
      const ground = { type: 'files', dataBytes: TRIAL_BYTES, metadataBytes: TRIAL_BYTES / 8 } as const;
      await makeFiles(scratch, ground);
      try {
        await tryOn(name, await attachGround(scratch, ground));
      } finally {
        await removeDevice(`${name}-thin`);
        await removeDevice(name);
      }
      const { driver } = await versions();
      return {
        works: true,
        evidence: `A thin pool was made on files in "${home}", by device mapper ${driver}`,
      };
    });
  } catch (error) {
    if (!hasCode(error)) throw error;
    return {
      works: false,
      cause: `a thin pool cannot be made in "${home}"`,
      evidence: (error as Error).message,
      fix:
        error.code === 'DISK_FULL'
          ? 'Free some space there'
          : `dmesg tells more; give a pool on a disk of its own with dm.thinpooldev, ${ELSE}`,
    };
  }
}

async function tryOn(name: string, attached: Awaited<ReturnType<typeof attachGround>>): Promise<void> {
  using ground = attached;
  const { data: dataDevice, metadata: metadataDevice, dataBytes } = ground;
  const pool = await ThinPool.create(name, {
    ...{ dataBytes, dataDevice, metadataDevice },
    blockBytes: TRIAL_BLOCK_BYTES,
  });
  await pool.createThin(0);
  await createDevice(`${name}-thin`, thinTable(pool.device.numbers, { id: 0, bytes: TRIAL_BYTES }));
}
