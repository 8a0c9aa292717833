import { hostname as machineName } from 'node:os';
import { effectiveCapabilities as ownCapabilities } from '@berth/linux';
import {
  type ContainerSpec,
  DEFAULT_MASKED_PATHS,
  DEFAULT_READONLY_PATHS,
  type ResolvedUser,
  type SpecMount,
} from '@berth/runtime';
import type { Container } from '../container.ts';
import type { MountPlan } from '../model.ts';
import { processEnv } from '../processes/process-env.ts';
import { effectiveCapabilities, parseCapabilities } from '../settings/capabilities.ts';
import { rlimits } from '../settings/limits-and-sysctls.ts';
import { commandLine } from '../settings/merge-config.ts';
import { DEFAULT_SHM_SIZE } from '../settings/normalise-host-config.ts';
import { specResources } from '../settings/resources.ts';
import { parseSecurityOptions } from '../settings/security.ts';
import { INIT_PATH } from './init-program.ts';
import type { NameFilePaths } from './name-files.ts';

export interface SpecOptions {
  readonly rootfs: string;
  readonly user: ResolvedUser;
  readonly hostname: string;
  /** Path of a network namespace, or the machine's. */
  readonly network: string | 'host';
  /** Pid of the container whose processes it sees. */
  readonly pidOf: number | undefined;
  readonly nameFiles: NameFilePaths;
  readonly mounts: readonly SpecMount[];
  readonly initProgram: string | undefined;
}

/** All that was decided about a container, as the runtime's specification needs it. */
export function containerSpec(container: Container, options: SpecOptions): ContainerSpec {
  const { config, hostConfig: host, mounts } = container.settings;
  const isPrivileged = host.Privileged === true;
  const security = parseSecurityOptions(host.SecurityOpt);
  const command = commandLine(config);
  const terminal = config.Tty === true;
  const maskedPaths = ownList(host.MaskedPaths, { standard: DEFAULT_MASKED_PATHS, isPrivileged });
  const readonlyPaths = ownList(host.ReadonlyPaths, { standard: DEFAULT_READONLY_PATHS, isPrivileged });
  return {
    id: container.id,
    rootfs: options.rootfs,
    isRootfsReadonly: host.ReadonlyRootfs === true,
    hostname: options.hostname,
    ...(config.Domainname ? { domainname: config.Domainname } : {}),
    process: {
      args: options.initProgram === undefined ? command : [INIT_PATH, '--', ...command],
      env: processEnv(config.Env ?? [], { hostname: options.hostname, terminal, home: options.user.home }),
      cwd: config.WorkingDir || '/',
      user: options.user,
      terminal,
      ...consoleSize(host.ConsoleSize),
    },
    isPrivileged,
    capabilities: effectiveCapabilities({
      add: parseCapabilities(host.CapAdd, 'CapAdd'),
      drop: parseCapabilities(host.CapDrop, 'CapDrop'),
      isPrivileged,
      available: ownCapabilities(),
    }),
    noNewPrivileges: security.noNewPrivileges,
    seccomp: security.seccomp,
    mounts: [...options.mounts, ...ownMounts(options, mounts)],
    ...(maskedPaths === undefined ? {} : { maskedPaths }),
    ...(readonlyPaths === undefined ? {} : { readonlyPaths }),
    devices: (host.Devices ?? []).map(({ PathOnHost, PathInContainer, CgroupPermissions }) => ({
      hostPath: PathOnHost,
      path: PathInContainer || PathOnHost,
      permissions: CgroupPermissions || 'rwm',
    })),
    deviceCgroupRules: host.DeviceCgroupRules ?? [],
    resources: specResources(host),
    rlimits: rlimits(host.Ulimits),
    sysctls: host.Sysctls ?? {},
    namespaces: {
      network: options.network,
      pid:
        options.pidOf === undefined
          ? host.PidMode === 'host'
            ? 'host'
            : 'private'
          : `/proc/${options.pidOf}/ns/pid`,
      ipc: host.IpcMode === 'host' ? 'host' : 'private',
      uts: host.UTSMode === 'host' ? 'host' : 'private',
      cgroup: host.CgroupnsMode === 'private' ? 'private' : 'host',
    },
    ...(host.CgroupParent ? { cgroupParent: host.CgroupParent } : {}),
    ...(host.OomScoreAdj ? { oomScoreAdj: host.OomScoreAdj } : {}),
    shmSizeBytes: host.ShmSize ?? DEFAULT_SHM_SIZE,
  };
}

/** The host name inside: as asked, the machine's where it shares its network or name, else the short id. */
export function hostnameOf(container: Container): string {
  const { config, hostConfig } = container.settings;
  if (hostConfig.UTSMode === 'host') return machineName();
  if (config.Hostname) return config.Hostname;
  return hostConfig.NetworkMode === 'host' ? machineName() : container.shortId;
}

/** The three files of names and the init program, unless something is mounted there already. */
function ownMounts(options: SpecOptions, mounts: readonly MountPlan[]): readonly SpecMount[] {
  const { hosts, resolvConf, hostname } = options.nameFiles;
  const files: readonly (readonly [target: string, source: string, isReadonly: boolean])[] = [
    ['/etc/resolv.conf', resolvConf, false],
    ['/etc/hostname', hostname, false],
    ['/etc/hosts', hosts, false],
    ...(options.initProgram === undefined ? [] : [[INIT_PATH, options.initProgram, true] as const]),
  ];
  return files
    .filter(([target]) => !mounts.some(({ destination }) => destination === target))
    .map(([target, source, isReadonly]) => ({
      type: 'bind',
      source,
      target,
      isReadonly,
      propagation: 'rprivate',
    }));
}

/** `undefined`: what the runtime room has as Docker's default; a list of the caller's own is taken as it is. */
function ownList(
  list: readonly string[] | null | undefined,
  options: { readonly standard: readonly string[]; readonly isPrivileged: boolean },
): readonly string[] | undefined {
  if (list === null || list === undefined) return options.isPrivileged ? [] : undefined;
  const isStandard =
    list.length === options.standard.length && list.every((path) => options.standard.includes(path));
  return isStandard && !options.isPrivileged ? undefined : list;
}

function consoleSize(size: readonly [number, number] | undefined): {
  consoleSize?: readonly [height: number, width: number];
} {
  return size === undefined || size[0] === 0 || size[1] === 0 ? {} : { consoleSize: size };
}
