import type { LayerStore } from '@berth/storage';
import type { DriverReport } from './interface.ts';

/** A pool's blocks are a whole number of these: what status rounds to four digits is exact again below 100 MB. */
const BLOCK_STEP_BYTES = 64 * 1024;

/** How a driver came to its figures, as its own status tells it once there are layers. */
export function factsOf(
  status: Awaited<ReturnType<LayerStore['status']>>,
): Pick<DriverReport, 'note' | 'poolBlockBytes'> {
  const lines = new Map(status);
  const isThroughFuse = lines.get('Mounted By') === 'fuse-overlayfs';
  const poolBlockBytes = blockBytes(lines.get('Pool Blocksize'));
  return {
    ...(isThroughFuse ? { note: 'fuse-overlayfs' } : {}),
    ...(lines.has('Data loop file') ? { note: 'pool-in-files' } : {}),
    ...(poolBlockBytes === undefined ? {} : { poolBlockBytes }),
  };
}

const UNITS = ['B', 'kB', 'MB', 'GB'];

/** `65.54kB`: units are powers of 1000. */
function blockBytes(size: string | undefined): number | undefined {
  const [, number, unit = ''] = /^([\d.]+)([kMG]?B)$/.exec(size ?? '') ?? [];
  if (number === undefined) return undefined;
  const steps = Math.round((Number(number) * 1000 ** UNITS.indexOf(unit)) / BLOCK_STEP_BYTES);
  return steps > 0 ? steps * BLOCK_STEP_BYTES : undefined;
}
