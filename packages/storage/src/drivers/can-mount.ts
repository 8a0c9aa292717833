import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { effectiveCapabilities } from '@berth/linux';
import { backingFileSystem } from './backing-file-system.ts';
import type { DriverProbe } from './interface.ts';
import { newLayerKey } from './keys.ts';

type Failure = DriverProbe & { readonly works: false };

/** Why a driver that mounts things cannot; `undefined` when it may. */
export function whyNoMounts(driver: string): Failure | undefined {
  if (effectiveCapabilities().has('CAP_SYS_ADMIN')) return undefined;
  return {
    works: false,
    cause: `${driver} mounts file systems, which this process may not`,
    evidence: 'CAP_SYS_ADMIN is not among its effective capabilities',
    fix: 'Run the engine as root: sudo berth engine',
  };
}

/** Tries something in a folder of its own inside of `home`, which is gone afterwards. */
export async function tryInside<T>(home: string, work: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = join(home, `probe-${newLayerKey()}`);
  await mkdir(scratch, { mode: 0o700 });
  try {
    return await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Whiteouts are found by the type in a directory listing, which old XFS and ext file systems leave out. */
export async function whyNoFileTypes(home: string, scratch: string): Promise<Failure | undefined> {
  await writeFile(join(scratch, 'file'), '');
  const [entry] = await readdir(scratch, { withFileTypes: true });
  await rm(join(scratch, 'file'));
  if (entry?.isFile() === true) return undefined;
  const type = await backingFileSystem(home);
  return {
    works: false,
    cause: `the ${type} file system below "${home}" keeps no file types in its directories (d_type)`,
    evidence: 'A file in a new folder was listed without its type',
    fix:
      type === 'xfs'
        ? 'Make it anew with: mkfs.xfs -n ftype=1 <device>'
        : 'Turn it on with: tune2fs -O filetype <device>, then e2fsck -f <device>',
  };
}
