import { join } from 'node:path';
import type { GuestEngine } from './guest-engine.ts';

/** What layers could leave behind in the kernel and on the disk of a guest. */
export interface KernelState {
  /** Mount points below the engine's folders. */
  readonly mounts: readonly string[];
  /** Files that are loop devices. */
  readonly loops: readonly string[];
  /** Names of the device mapper. */
  readonly devices: readonly string[];
  /** Of the folder of the storage, as it lies on the disk. */
  readonly storageKiB: number;
}

export async function kernelState({ guest, dataRoot }: GuestEngine): Promise<KernelState> {
  const lines = async (script: string): Promise<readonly string[]> =>
    (await guest.must('sh', ['-c', script])).split('\n').filter((line) => line !== '');
  const mounts = await lines('cut -d" " -f5 /proc/self/mountinfo');
  // What was written and what was freed shows when the disk has it.
  const used = await lines(`sync; du -sk ${join(dataRoot, 'engine/storage')} | cut -f1`);
  return {
    mounts: mounts.filter((path) => path.startsWith(`${dataRoot}/`)),
    loops: await lines('cat /sys/block/loop*/loop/backing_file 2>/dev/null || true'),
    devices: await lines('cat /sys/block/dm-*/dm/name 2>/dev/null || true'),
    storageKiB: Number(used[0]),
  };
}

export function counted({ mounts, loops, devices, storageKiB }: KernelState): string {
  return `${mounts.length} mounts, ${loops.length} loop devices, ${devices.length} dm devices, ${storageKiB} KiB`;
}
