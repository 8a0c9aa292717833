import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { effectiveCapabilities, knownFileSystems, probeMount } from '@berth/linux';
import { backingFileSystem } from '../backing-file-system.ts';
import type { DriverProbe } from '../interface.ts';
import { newLayerKey } from '../keys.ts';

/** A real mount of two lower folders in `home`: it finds what no list of kernels and file systems tells. */
export async function probeOverlay2(home: string): Promise<DriverProbe> {
  if (!effectiveCapabilities().has('CAP_SYS_ADMIN')) {
    return {
      works: false,
      cause: 'overlay2 mounts file systems, which this process may not',
      evidence: 'CAP_SYS_ADMIN is not among its effective capabilities',
      fix: 'Run the engine as root: sudo berth engine',
    };
  }
  const scratch = join(home, `probe-${newLayerKey()}`);
  await mkdir(scratch, { mode: 0o700 });
  try {
    return (await probeTypes(home, scratch)) ?? (await probeOverlay(home, scratch));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function probeOverlay(home: string, scratch: string): Promise<DriverProbe> {
  const result = await probeMount(scratch);
  if (result.ok) return { works: true, evidence: result.evidence };
  const type = await backingFileSystem(home);
  const isUnknown = !knownFileSystems().has('overlay');
  return {
    works: false,
    cause: isUnknown
      ? 'this kernel has no overlay file system'
      : `overlayfs cannot be mounted on the ${type} file system below "${home}"`,
    evidence: result.evidence,
    fix: isUnknown
      ? 'Load it (modprobe overlay) or use a kernel with CONFIG_OVERLAY_FS; or choose the driver vfs'
      : 'Put the data folder on ext4, xfs or btrfs (not on overlay, NFS or eCryptfs), or choose the driver vfs',
  };
}

/** Whiteouts are found by the type in a directory listing, which old XFS and ext file systems leave out. */
async function probeTypes(home: string, scratch: string): Promise<DriverProbe | undefined> {
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
