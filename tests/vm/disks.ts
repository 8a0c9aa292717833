import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedFolder } from '../lab/cached.ts';
import { machineDocker } from '../lab/engine-house.ts';
import type { Bind } from '../lab/jail.ts';
import { PEERS, STORAGE, setFolderName } from '../lab/package-sets.ts';
import type { Lab } from '../lab/peers.ts';

const TOP = join(import.meta.dirname, '..', '..');
/** Where a tree is put together in the mount namespace of the program that writes it to a disk. */
const TREE = '/tree';
/** Paths in the guest. */
export const NODE = '/opt/node';
export const DOCKER = '/opt/docker';
export const COMPILE_CACHE = '/opt/compile';
/** Those of whoever fills the compile cache, or Node does not use it. */
export const NODE_OPTIONS: readonly string[] = ['--disable-warning=ExperimentalWarning'];

export interface Labs {
  /** A lab of `GUEST`: qemu, the kernel and what makes file systems. */
  readonly machine: Lab;
  /** A lab of `PEERS`: the guest's root folder. */
  readonly peers: Lab;
  /** A lab of `STORAGE`: what is in `/usr` besides. */
  readonly storage: Lab;
}

/** A new disk: a file with holes that holds an empty ext4. */
export async function makeDisk(
  path: string,
  { machine, gigabytes = 8 }: Pick<Labs, 'machine'> & { readonly gigabytes?: number },
): Promise<void> {
  await makeFileSystem(path, {
    machine,
    gigabytes,
    args: ['-E', 'lazy_itable_init=1,lazy_journal_init=1'],
  });
}

/** The lab's packages as a disk, kept in the cache. Over 9p each file that a program opens is several round trips. */
export async function rootDisk({ machine, peers }: Pick<Labs, 'machine' | 'peers'>): Promise<string> {
  const binds = [{ from: peers.root, to: TREE }];
  return await cachedDisk(`guest-root-${setFolderName(PEERS)}-1`, { machine, binds });
}

/** The programs of the storage drivers. Where the root has a file of the same name, that one is used. */
export async function toolsDisk({ machine, storage }: Pick<Labs, 'machine' | 'storage'>): Promise<string> {
  const binds = [{ from: join(storage.root, 'usr'), to: join(TREE, 'usr') }];
  return await cachedDisk(`guest-tools-${setFolderName(STORAGE)}-1`, { machine, binds });
}

async function cachedDisk(
  name: string,
  options: { readonly machine: Lab; readonly binds: readonly Bind[] },
): Promise<string> {
  const folder = await cachedFolder(name, (staging) => makeTree(join(staging, 'disk'), options));
  return join(folder, 'disk');
}

/**
 * This repository as it is now, Node and the docker command as a disk, and beside them the repository's files already compiled:
 * emulated, a start from sources takes a minute.
 *
 * @param options.compiled a folder that Node had as its `NODE_COMPILE_CACHE`
 */
export async function projectDisk(
  path: string,
  { machine, compiled }: { readonly machine: Lab; readonly compiled: string },
): Promise<void> {
  const binds = [
    { from: TOP, to: join(TREE, TOP) },
    { from: process.execPath, to: join(TREE, NODE) },
    { from: await machineDocker(), to: join(TREE, DOCKER) },
    { from: compiled, to: join(TREE, COMPILE_CACHE) },
  ];
  await makeTree(path, { machine, binds });
}

async function makeTree(
  path: string,
  { machine, binds }: { readonly machine: Lab; readonly binds: readonly Bind[] },
): Promise<void> {
  // Mounted read-only: a journal would be of no use.
  await makeFileSystem(path, {
    machine,
    gigabytes: 4,
    args: ['-O', '^has_journal', '-m', '0', '-d', TREE],
    binds,
  });
}

async function makeFileSystem(
  path: string,
  options: {
    readonly machine: Lab;
    readonly gigabytes: number;
    readonly args: readonly string[];
    readonly binds?: readonly Bind[];
  },
): Promise<void> {
  {
    await using file = await open(path, 'wx');
    await file.truncate(options.gigabytes * 1024 ** 3);
  }
  await options.machine.must('mkfs.ext4', ['-q', ...options.args, path], { binds: options.binds ?? [] });
}
