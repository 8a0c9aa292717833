import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { effectiveCapabilities, readMounts, unmount } from '@berth/linux';
import { backingFileSystem } from './backing-file-system.ts';
import type { DriverProbe } from './interface.ts';
import { isMarkAlive, processMark } from './process-mark.ts';

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

const TRIAL = 'probe-';

/** Tries something in a folder of its own inside of `home`, which is gone afterwards; what a try that was killed has left goes first. */
export async function tryInside<T>(home: string, work: (scratch: string) => Promise<T>): Promise<T> {
  await sweepDeadTrials(home);
  const scratch = join(home, `${TRIAL}${processMark()}-${randomBytes(4).toString('hex')}`);
  await mkdir(scratch, { mode: 0o700 });
  try {
    return await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Longer than any try takes. */
const LONG_AGO_MS = 3_600_000;

/**
 * Whether the process that tried something in a folder of this name in `home` is gone. Of one in another pid namespace only the age
 * of its folder tells.
 */
export async function isDeadTrial(home: string, name: string): Promise<boolean> {
  if (!name.startsWith(TRIAL)) return false;
  const isAlive = isMarkAlive(name.slice(TRIAL.length));
  if (isAlive !== undefined) return !isAlive;
  try {
    return Date.now() - (await stat(join(home, name))).mtimeMs > LONG_AGO_MS;
  } catch (error) {
    // The folder is the first that is made and the last that goes.
    if (hasCode(error) && error.code === 'ENOENT') return true;
    throw error;
  }
}

/** What does not go now is for the next one: it must not keep a driver from working. */
export async function sweepDeadTrials(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (!(await isDeadTrial(home, name))) continue;
    const path = join(home, name);
    const mounts = readMounts().filter(({ mountPoint }) => mountPoint.startsWith(`${path}/`));
    try {
      for (const { mountPoint } of mounts.toReversed()) unmount(mountPoint, { detach: true });
      await rm(path, { recursive: true, force: true });
    } catch (error) {
      if (!hasCode(error)) throw error;
    }
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
