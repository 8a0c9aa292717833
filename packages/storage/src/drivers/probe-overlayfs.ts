import { knownFileSystems, probeMount } from '@berth/linux';
import { backingFileSystem } from './backing-file-system.ts';
import { tryInside, whyNoFileTypes, whyNoMounts } from './can-mount.ts';
import type { DriverProbe } from './interface.ts';

/** A real mount of an upper folder over so many lower ones in `home`: it finds what no list of kernels and file systems tells. */
export async function probeOverlayfs(
  home: string,
  options: { readonly driver: string; readonly lowers: 1 | 2 },
): Promise<DriverProbe> {
  const failure = whyNoMounts(options.driver);
  if (failure !== undefined) return failure;
  return await tryInside(
    home,
    async (scratch) =>
      (await whyNoFileTypes(home, scratch)) ?? (await probeIn(scratch, { home, lowers: options.lowers })),
  );
}

async function probeIn(
  scratch: string,
  { home, lowers }: { readonly home: string; readonly lowers: 1 | 2 },
): Promise<DriverProbe> {
  const result = await probeMount(scratch, { lowers });
  if (result.ok) return { works: true, evidence: result.evidence };
  const isUnknown = !knownFileSystems().has('overlay');
  return {
    works: false,
    cause: isUnknown
      ? 'this kernel has no overlay file system'
      : `overlayfs cannot be mounted on the ${await backingFileSystem(home)} file system below "${home}"`,
    evidence: result.evidence,
    fix: isUnknown
      ? 'Load it (modprobe overlay) or use a kernel with CONFIG_OVERLAY_FS; or choose the driver vfs'
      : 'Put the data folder on ext4, xfs or btrfs (not on overlay, NFS or eCryptfs), or choose the driver vfs',
  };
}
