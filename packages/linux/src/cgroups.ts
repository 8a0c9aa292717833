import { existsSync, mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MountInfo, readMounts } from './mount-info.ts';

export type CgroupMode = 'unified' | 'hybrid' | 'legacy';

const CGROUP_ROOT = '/sys/fs/cgroup';
const CGROUP2_MAGIC = 0x63677270;

/**
 * `unified`: cgroup 2 alone. `hybrid`: controllers on version 1, a version 2 tree without any beside them.
 * `legacy`: version 1 alone, or nothing mounted.
 */
export function cgroupMode(): CgroupMode {
  if (isCgroup2(CGROUP_ROOT)) return 'unified';
  return isCgroup2(join(CGROUP_ROOT, 'unified')) ? 'hybrid' : 'legacy';
}

function isCgroup2(path: string): boolean {
  return existsSync(path) && statfsSync(path).type === CGROUP2_MAGIC;
}

/** Controllers that limits can be set with: `memory`, `cpu`, `pids` … */
export function cgroupControllers(): ReadonlySet<string> {
  return new Set(
    hierarchies().flatMap(({ mountPoint, controllers, isUnified }) =>
      isUnified ? words(readIfThere(join(mountPoint, 'cgroup.controllers')) ?? '') : controllers,
    ),
  );
}

export interface CgroupPaths {
  /** Absolute folder in the version 2 tree. */
  readonly unified?: string;
  /** Absolute folder per version 1 controller, and `name=systemd`. */
  readonly legacy: Readonly<Record<string, string>>;
}

/** The groups that a process is in, as far as they are mounted. Throws `ENOENT` or `ESRCH` when it is gone. */
export function cgroupPathsOf(pid: number | 'self' = 'self'): CgroupPaths {
  const trees = hierarchies();
  const legacy: Record<string, string> = {};
  let unified: string | undefined;
  for (const line of readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n')) {
    const [, names, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (names === undefined || path === undefined) continue;
    if (names === '') {
      unified = folderOf(
        trees.find(({ isUnified }) => isUnified),
        path,
      );
      continue;
    }
    for (const name of names.split(',')) {
      const folder = folderOf(
        trees.find(({ controllers, name: own }) => own === name || controllers.includes(name)),
        path,
      );
      if (folder !== undefined) legacy[name] = folder;
    }
  }
  return { ...(unified === undefined ? {} : { unified }), legacy };
}

/** In a container without a namespace for cgroups only a part of the tree is mounted: `root` says which. */
function folderOf(tree: Hierarchy | undefined, path: string): string | undefined {
  if (tree === undefined) return undefined;
  const root = tree.root === '/' ? '' : tree.root;
  if (path !== root && !path.startsWith(`${root}/`)) return undefined;
  const below = path.slice(root.length);
  return below === '' || below === '/' ? tree.mountPoint : join(tree.mountPoint, below);
}

export interface MemoryEvents {
  /** How often the kernel killed a process of the group for want of memory. */
  readonly oomKills: number;
}

/**
 * @param group pid of a process in it, or the absolute folder of the group (of the memory controller on version 1)
 * @returns `undefined`: the group is gone, or has no memory controller
 */
export function readMemoryEvents(group: number | string): MemoryEvents | undefined {
  for (const folder of memoryFolders(group)) {
    const text =
      readIfThere(join(folder, 'memory.events')) ?? readIfThere(join(folder, 'memory.oom_control'));
    const [, kills] = /^oom_kill (\d+)$/m.exec(text ?? '') ?? [];
    if (kills !== undefined) return { oomKills: Number(kills) };
  }
  return undefined;
}

function memoryFolders(group: number | string): readonly string[] {
  if (typeof group === 'string') return [group];
  try {
    const { legacy, unified } = cgroupPathsOf(group);
    return [legacy.memory, unified].filter((folder) => folder !== undefined);
  } catch (error) {
    if (hasCodeOf(error, GONE)) return [];
    throw error;
  }
}

/**
 * Moves this process out of the group of whoever started it, into `name` at the top of every tree, so that neither a
 * limit nor a service manager's clean-up of that group reaches it. Where that is not allowed it stays where it is; and in
 * trees of cpuset, whose groups take nobody before they are told their CPUs.
 *
 * @returns folders that it is in now
 */
export function moveToOwnCgroup(name: string): readonly string[] {
  if (!/^\w[\w.-]*$/.test(name)) throw new Error(`Not the name of a cgroup: "${name}"`);
  const moved: string[] = [];
  for (const { mountPoint, controllers } of hierarchies()) {
    if (controllers.includes('cpuset')) continue;
    const folder = join(mountPoint, name);
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'cgroup.procs'), String(process.pid));
      moved.push(folder);
    } catch (error) {
      if (!hasCodeOf(error, REFUSED)) throw error;
    }
  }
  return moved;
}

interface Hierarchy {
  readonly mountPoint: string;
  /** Which part of the tree is mounted there. */
  readonly root: string;
  readonly isUnified: boolean;
  /** Of version 1. */
  readonly controllers: readonly string[];
  /** `name=systemd` of a version 1 tree without controllers. */
  readonly name: string | undefined;
}

const NO_CONTROLLERS = new Set(['rw', 'ro', 'xattr', 'clone_children', 'noprefix', 'none', 'seclabel']);

/** The trees that are mounted below `/sys/fs/cgroup`, each once. */
function hierarchies(): Hierarchy[] {
  return readMounts().filter(isCgroupMount).map(asHierarchy);
}

function isCgroupMount({ fsType, mountPoint }: MountInfo): boolean {
  const isHere = mountPoint === CGROUP_ROOT || mountPoint.startsWith(`${CGROUP_ROOT}/`);
  return isHere && (fsType === 'cgroup' || fsType === 'cgroup2');
}

function asHierarchy({ mountPoint, root, fsType, superOptions }: MountInfo): Hierarchy {
  const isUnified = fsType === 'cgroup2';
  const isController = (option: string) => !NO_CONTROLLERS.has(option) && !option.includes('=');
  return {
    mountPoint,
    root,
    isUnified,
    controllers: isUnified ? [] : superOptions.filter(isController),
    name: superOptions.find((option) => option.startsWith('name=')),
  };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCodeOf(error, GONE)) return undefined;
    throw error;
  }
}

/** ENODEV: the group was removed while its file was open. */
const GONE = ['ENOENT', 'ESRCH', 'ENODEV', 'ENOTDIR'];
const REFUSED = ['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EINVAL', 'EOPNOTSUPP', 'ENOENT', 'ENOSPC'];

function hasCodeOf(error: unknown, codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
