import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { whyNoPeers } from './machine.ts';
import { type PackageSet, STORAGE } from './package-sets.ts';
import { bringPackages, PackagesUnreachableError } from './packages.ts';

/**
 * How to start one of Debian's programs for storage (`mkfs.btrfs`, `mkfs.xfs`, `fuse-overlayfs` …) on this machine, with the libraries it
 * was built for: they need nothing else of their root folder.
 *
 * @returns words to put before its arguments; a text when it cannot be had
 */
export async function storageProgram(
  name: string,
  set: PackageSet = STORAGE,
): Promise<readonly string[] | string> {
  const reason = await whyNoPeers();
  if (reason !== undefined) return reason;
  try {
    const root = await bringPackages(set);
    const libraries = ['usr/lib', 'lib'].map((folder) => join(root, folder, LIBRARIES)).join(':');
    const loader = join(root, LOADER);
    const places = ['sbin', 'bin', 'usr/sbin', 'usr/bin'].map((folder) => join(root, folder, name));
    const program = places.find((path) => existsSync(path));
    if (program === undefined) throw new Error(`Cannot find "${name}" in the packages of "${set.name}"`);
    return [loader, '--library-path', libraries, program];
  } catch (error) {
    if (error instanceof PackagesUnreachableError) return error.message;
    throw error;
  }
}

const IS_ARM = process.arch === 'arm64';
const LIBRARIES = IS_ARM ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
const LOADER = IS_ARM ? 'lib/ld-linux-aarch64.so.1' : 'lib64/ld-linux-x86-64.so.2';
