import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import {
  createSubvolume,
  destroySubvolume,
  effectiveCapabilities,
  isBtrfs,
  knownFileSystems,
  snapshotSubvolume,
} from '@berth/linux';
import { backingFileSystem } from '../backing-file-system.ts';
import { tryInside } from '../can-mount.ts';
import type { DriverProbe } from '../interface.ts';

/** Makes a subvolume and a snapshot of it, and takes both away. */
export async function probeBtrfs(home: string): Promise<DriverProbe> {
  if (!isBtrfs(home)) return await notOnBtrfs(home);
  if (!effectiveCapabilities().has('CAP_SYS_ADMIN')) {
    return {
      works: false,
      cause: 'btrfs removes subvolumes, which this process may not',
      evidence: 'CAP_SYS_ADMIN is not among its effective capabilities',
      fix: 'Run the engine as root: sudo berth engine',
    };
  }
  return await tryInside(home, trySnapshot);
}

async function trySnapshot(scratch: string): Promise<DriverProbe> {
  const [made, copy] = [join(scratch, 'made'), join(scratch, 'copy')];
  try {
    await createSubvolume(made);
    await snapshotSubvolume(made, copy);
    return { works: true, evidence: `A subvolume and a snapshot of it were made below "${scratch}"` };
  } catch (error) {
    if (!hasCode(error)) throw error;
    return {
      works: false,
      cause: 'no subvolume can be made there',
      evidence: error.message,
      fix: 'Look what dmesg says of the file system: is it full, read-only or damaged?',
    };
  } finally {
    for (const path of [copy, made]) await destroySubvolume(path);
  }
}

async function notOnBtrfs(home: string): Promise<DriverProbe> {
  const isUnknown = !knownFileSystems().has('btrfs');
  return {
    works: false,
    cause: 'layers of this driver are subvolumes of btrfs, and the folder is on another file system',
    evidence: `"${home}" is on ${await backingFileSystem(home)}${isUnknown ? ', and this kernel has no btrfs (modprobe btrfs)' : ''}`,
    fix: `Mount a btrfs on it: mkfs.btrfs <device>, mount <device> "${home}"; for a try: truncate -s 20G /var/lib/berth.btrfs, mkfs.btrfs /var/lib/berth.btrfs (package btrfs-progs), mount -o loop /var/lib/berth.btrfs "${home}"`,
  };
}
