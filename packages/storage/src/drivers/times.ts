import { chmod, lstat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { hasCode } from '@berth/errors';
import { CLOSED_MODE } from './home.ts';

/** The longest tick of a kernel's clock (CONFIG_HZ=100). */
const TICK_MS = 10;

/**
 * Waits until what is made in a layer is younger than `path`, which was made just now: files have their times from a clock that stands
 * still between its ticks. An image layer does so between its snapshot and what it brings: once its files are shared with the layers
 * above, nothing else tells them from those that were there before.
 *
 * @param folder of the layer, closed as those are
 */
export async function outlive(path: string, folder: string): Promise<void> {
  const born = await birthOf(path);
  for (let waited = 0; waited <= 2 * TICK_MS && (await touch(folder)) === born; waited++) await wait(1);
}

/** @returns the time that a change has now */
async function touch(folder: string): Promise<bigint> {
  await chmod(folder, CLOSED_MODE);
  return (await lstat(folder, { bigint: true })).ctimeNs;
}

export async function birthOf(path: string): Promise<bigint | undefined> {
  try {
    return (await lstat(path, { bigint: true })).birthtimeNs;
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
