import type { ContainerSpec, SpecMount } from '../interface.ts';

/** `mounts` of runtime-spec. */
export interface OciMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/**
 * Everything that is mounted into a container, parents before what lies in them.
 *
 * A mount of the caller's takes the place of a default one at the same path; one at `/dev` that of all below it.
 */
export function buildMounts(spec: ContainerSpec): OciMount[] {
  const asked = new Set(spec.mounts.map((mount) => normalPath(mount.target)));
  const defaults = defaultMounts(spec).filter(
    ({ destination }) => !asked.has(destination) && !(asked.has('/dev') && destination.startsWith('/dev/')),
  );
  const own = spec.mounts.map(toOciMount).sort((a, b) => depth(a.destination) - depth(b.destination));
  return [...defaults, ...own];
}

function defaultMounts(spec: ContainerSpec): OciMount[] {
  // A read-only root means read-only /sys and cgroups also for those who are privileged.
  const readonly = spec.isPrivileged && !spec.isRootfsReadonly ? [] : ['ro'];
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    {
      destination: '/sys',
      type: 'sysfs',
      source: 'sysfs',
      options: ['nosuid', 'noexec', 'nodev', ...readonly],
    },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: [...readonly, 'nosuid', 'noexec', 'nodev'],
    },
    {
      destination: '/dev/mqueue',
      type: 'mqueue',
      source: 'mqueue',
      options: ['nosuid', 'noexec', 'nodev'],
    },
    sharedMemory(spec),
  ];
}

/** Who shares the machine's IPC namespace sees its `/dev/shm`; who joins a container's has a mount for it in `mounts`. */
function sharedMemory(spec: ContainerSpec): OciMount {
  const destination = '/dev/shm';
  if (spec.namespaces.ipc === 'host')
    return { destination, type: 'bind', source: '/dev/shm', options: ['rbind', 'rprivate'] };
  return {
    destination,
    type: 'tmpfs',
    source: 'shm',
    options: ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${spec.shmSizeBytes}`],
  };
}

function toOciMount(mount: SpecMount): OciMount {
  const destination = normalPath(mount.target);
  if (mount.type === 'tmpfs')
    return { destination, type: 'tmpfs', source: 'tmpfs', options: tmpfsOptions(mount.options) };
  const bind = mount.isRecursive === false ? 'bind' : 'rbind';
  const options = [bind, ...(mount.isReadonly ? ['ro'] : []), mount.propagation ?? 'rprivate'];
  return { destination, type: 'bind', source: mount.source, options };
}

const OPPOSITES = [
  ['exec', 'noexec'],
  ['suid', 'nosuid'],
  ['dev', 'nodev'],
  ['rw', 'ro'],
] as const;

/** Docker's careful defaults, and then what the caller says; the last word of a pair stands. */
function tmpfsOptions(asked: readonly string[]): string[] {
  const options = new Map<string, string>();
  for (const option of ['noexec', 'nosuid', 'nodev', 'rprivate', ...asked]) {
    const pair = OPPOSITES.find((words) => (words as readonly string[]).includes(option));
    const key = pair?.[0] ?? option.split('=', 1)[0] ?? option;
    options.delete(key);
    options.set(key, option);
  }
  return [...options.values()];
}

/** The root's own propagation must be at least as open as that of any mount. @see mount_namespaces(7) */
export function rootPropagation(mounts: readonly OciMount[]): 'shared' | 'rslave' | undefined {
  const words = new Set(mounts.flatMap((mount) => mount.options));
  if (words.has('shared') || words.has('rshared')) return 'shared';
  return words.has('slave') || words.has('rslave') ? 'rslave' : undefined;
}

function normalPath(path: string): string {
  const clean = path.replace(/\/+/g, '/').replace(/\/$/, '');
  return clean === '' ? '/' : clean;
}

function depth(path: string): number {
  return path.split('/').length;
}
