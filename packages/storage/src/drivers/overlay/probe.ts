import { link, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { backingFileSystem } from '../backing-file-system.ts';
import { tryInside } from '../can-mount.ts';
import type { DriverProbe } from '../interface.ts';
import { probeOverlayfs } from '../probe-overlayfs.ts';

/** With one lower folder, and a file with two names. */
export async function probeOverlay(home: string): Promise<DriverProbe> {
  const probe = await probeOverlayfs(home, { driver: 'overlay', lowers: 1 });
  return probe.works ? ((await whyNoLinks(home)) ?? probe) : probe;
}

async function whyNoLinks(home: string): Promise<DriverProbe | undefined> {
  return await tryInside(home, async (scratch) => {
    await writeFile(join(scratch, 'file'), '');
    try {
      await link(join(scratch, 'file'), join(scratch, 'name'));
      await rm(join(scratch, 'name'));
      return undefined;
    } catch (error) {
      if (!hasCode(error)) throw error;
      return {
        works: false,
        cause: `the ${await backingFileSystem(home)} file system below "${home}" gives files no second name`,
        evidence: `link(2) gave ${error.code}`,
        fix: 'Put the data folder on ext4, xfs or btrfs, or choose the driver overlay2 or vfs',
      };
    }
  });
}
