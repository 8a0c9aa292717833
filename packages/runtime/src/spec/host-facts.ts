import { existsSync, lstatSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupMode, effectiveCapabilities, kernelRelease } from '@berth/linux';

/** What `buildSpec` must know of the machine. Given as a value, so that a specification can be built for any machine. */
export interface HostFacts {
  /** Node's name: `x64`, `arm64`. */
  readonly architecture: string;
  readonly kernel: { readonly major: number; readonly minor: number };
  readonly cgroups: 'unified' | 'hybrid' | 'legacy';
  /** What we have ourselves: nobody can be given more. */
  readonly capabilities: ReadonlySet<string>;
  /** Device nodes at a path of the host: one, or all below a folder. Empty: none is there. */
  readonly devicesAt: (path: string) => readonly HostDevice[];
  /** Paths below `/sys` that exist here and tell of the machine's heat. */
  readonly throttlePaths: readonly string[];
}

export interface HostDevice {
  readonly path: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** The facts of this machine. */
export function readHostFacts(): HostFacts {
  const { major, minor } = kernelRelease();
  return {
    architecture: process.arch,
    kernel: { major, minor },
    cgroups: cgroupMode(),
    capabilities: effectiveCapabilities(),
    devicesAt,
    throttlePaths: throttlePaths(),
  };
}

/** Folders below `/dev` that hold no devices of the machine, or a container's own. */
const NOT_DEVICES = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev', 'console']);

function devicesAt(path: string): HostDevice[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (stat.isDirectory())
    return readdirSync(path)
      .filter((name) => !NOT_DEVICES.has(name))
      .flatMap((name) => devicesBelow(join(path, name)));
  return oneDevice(path);
}

/** Symlinks below a folder are skipped: their targets are met on their own. */
function devicesBelow(path: string): HostDevice[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.isSymbolicLink()) return [];
  return stat.isDirectory() ? devicesAt(path) : oneDevice(path);
}

function oneDevice(path: string): HostDevice[] {
  const stat = statFollowing(path);
  if (stat === undefined || !(stat.isCharacterDevice() || stat.isBlockDevice())) return [];
  const device = BigInt(stat.rdev);
  return [
    {
      path,
      type: stat.isCharacterDevice() ? 'c' : 'b',
      // makedev(3): major and minor are spread over the 64 bits.
      major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)),
      minor: Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)),
      mode: stat.mode & 0o777,
      uid: stat.uid,
      gid: stat.gid,
    },
  ];
}

function statFollowing(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/** @see GHSA-6fw5-f8r9-fgfm: counters of heat tell of other tenants' work */
function throttlePaths(): string[] {
  return possibleCpus()
    .map((cpu) => `/sys/devices/system/cpu/cpu${cpu}/thermal_throttle`)
    .filter((path) => existsSync(path));
}

/** `0-3,6` as numbers. */
function possibleCpus(): number[] {
  const text = readFileSync('/sys/devices/system/cpu/possible', 'utf8').trim();
  return text.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
