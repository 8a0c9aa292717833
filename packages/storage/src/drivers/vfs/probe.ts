import { effectiveCapabilities } from '@berth/linux';
import { backingFileSystem } from '../backing-file-system.ts';
import type { DriverProbe } from '../interface.ts';

const NEEDED = ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_MKNOD'] as const;

/** Needs nothing of the file system; only the right to give files away and to make devices. */
export async function probeVfs(home: string): Promise<DriverProbe> {
  const has = effectiveCapabilities();
  const missing = NEEDED.filter((name) => !has.has(name));
  if (missing.length === 0) {
    return {
      works: true,
      evidence: `Folders on the ${await backingFileSystem(home)} file system below "${home}"`,
    };
  }
  return {
    works: false,
    cause: 'vfs gives files to other users and makes devices, which this process may not',
    evidence: `${missing.join(', ')}: not among its effective capabilities`,
    fix: 'Run the engine as root: sudo berth engine',
  };
}
