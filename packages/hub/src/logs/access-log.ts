import type { AccessRecord } from '@berth/registry';
import type { RotatingFile } from './rotating-file.ts';

/** One JSON line per request, in the order in which they ended. */
export function accessLogger(file: RotatingFile): (record: AccessRecord) => void {
  return ({ at, ms, ...rest }) =>
    file.write(`${JSON.stringify({ at: at.toISOString(), ...rest, ms: Math.round(ms * 100) / 100 })}\n`);
}
