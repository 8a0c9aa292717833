import { existsSync, lstatSync, mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { knownFileSystems, unmount } from '@berth/linux';
import { backingFileSystem } from '../backing-file-system.ts';
import { tryInside, whyNoMounts } from '../can-mount.ts';
import type { DriverProbe } from '../interface.ts';
import { FUSE_PROGRAM, findFuseOverlayfs, mountFuse } from './fuse-overlayfs.ts';
import { mountAufs } from './kernel-aufs.ts';

type Failure = DriverProbe & { readonly works: false };

/** On these aufs puts no branch. @see Docker's list of incompatible file systems */
const NOT_ON = new Set(['aufs', 'btrfs', 'ecryptfs']);

/** Mounts two branches by who would mount them, deletes a file of the lower one, and looks for aufs's mark. */
export async function probeAufs(home: string): Promise<DriverProbe> {
  const failure = whyNoMounts('aufs');
  if (failure !== undefined) return failure;
  if (knownFileSystems().has('aufs')) return (await whyNotHere(home)) ?? (await tryBranches(home, undefined));
  const program = findFuseOverlayfs();
  if (program === undefined) {
    return {
      works: false,
      cause: `this kernel has no aufs, and there is no ${FUSE_PROGRAM} to take its place`,
      evidence: `/proc/filesystems has no aufs; ${FUSE_PROGRAM} is in none of the folders of PATH`,
      fix: `Install the package ${FUSE_PROGRAM} (Debian, Ubuntu, Fedora, Alpine, Arch), or a kernel with aufs (aufs-dkms, or a patched one); or use overlay2`,
    };
  }
  if (!existsSync('/dev/fuse')) {
    return {
      works: false,
      cause: `this kernel has no aufs, and no FUSE, which ${FUSE_PROGRAM} needs`,
      evidence: '/proc/filesystems has no aufs, and /dev/fuse is not there',
      fix: 'Load it (modprobe fuse); in a container it needs --device /dev/fuse; or use overlay2',
    };
  }
  return await tryBranches(home, program);
}

async function whyNotHere(home: string): Promise<Failure | undefined> {
  const type = await backingFileSystem(home);
  if (!NOT_ON.has(type) && !/[,:]/.test(home)) return undefined;
  return {
    works: false,
    cause: NOT_ON.has(type)
      ? `aufs does not work on the ${type} file system`
      : 'aufs takes no folder with a comma or a colon in its name',
    evidence: `"${home}" is on ${type}`,
    fix: 'Put the data folder elsewhere, for instance on ext4 or xfs, or use overlay2',
  };
}

/** @param program fuse-overlayfs; without it the kernel mounts */
async function tryBranches(home: string, program: string | undefined): Promise<DriverProbe> {
  const who = program === undefined ? 'aufs of this kernel' : `${FUSE_PROGRAM} ("${program}")`;
  try {
    await tryInside(home, (scratch) => tryMount(scratch, program));
    return { works: true, evidence: `Two branches were mounted by ${who}, and a deletion left a .wh. file` };
  } catch (error) {
    if (!hasCode(error)) throw error;
    return {
      works: false,
      cause: `${who} does not mount branches below "${home}"`,
      evidence: error.message,
      fix: 'Put the data folder on ext4 or xfs, look what dmesg says, or use overlay2',
    };
  }
}

async function tryMount(scratch: string, program: string | undefined): Promise<void> {
  const at = (name: string) => join(scratch, name);
  for (const name of ['upper', 'lower', 'work', 'target']) mkdirSync(at(name));
  writeFileSync(join(at('lower'), 'file'), '');
  if (program === undefined) {
    mountAufs(at('target'), {
      upper: at('upper'),
      lowers: [at('lower')],
      isReadonly: false,
      hasDirperm1: false,
    });
  } else {
    const upper = { name: 'upper', work: 'work' };
    await mountFuse({ program, target: at('target'), folder: scratch, lowers: ['lower'], upper });
  }
  try {
    unlinkSync(join(at('target'), 'file'));
    // It says so itself when there is none.
    lstatSync(join(at('upper'), '.wh.file'));
  } finally {
    unmount(at('target'), { detach: true });
  }
}
