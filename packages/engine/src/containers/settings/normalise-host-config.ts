import type { CgroupMode } from '@berth/linux';
import { DEFAULT_MASKED_PATHS, DEFAULT_READONLY_PATHS } from '@berth/runtime';
import type { ApiHostConfig } from '../../api/types.ts';
import { networkName } from './modes.ts';
import type { RestartPolicy } from './restart-policy.ts';

export const DEFAULT_SHM_SIZE = 67_108_864;

/** Every field that clients look for, with Docker's defaults, in Docker's order. */
export function normaliseHostConfig(
  host: ApiHostConfig,
  options: {
    readonly restartPolicy: RestartPolicy;
    readonly runtimeName: string;
    readonly cgroups: CgroupMode;
  },
): ApiHostConfig {
  const isPrivileged = host.Privileged === true;
  return {
    Binds: host.Binds ?? null,
    ContainerIDFile: host.ContainerIDFile ?? '',
    LogConfig: { Type: host.LogConfig?.Type || 'json-file', Config: host.LogConfig?.Config ?? {} },
    NetworkMode: networkName(host.NetworkMode),
    PortBindings: host.PortBindings ?? {},
    RestartPolicy: options.restartPolicy,
    AutoRemove: host.AutoRemove ?? false,
    VolumeDriver: '',
    VolumesFrom: host.VolumesFrom ?? null,
    ConsoleSize: host.ConsoleSize ?? [0, 0],
    CapAdd: emptyAsNull(host.CapAdd),
    CapDrop: emptyAsNull(host.CapDrop),
    CgroupnsMode: host.CgroupnsMode || (options.cgroups === 'unified' ? 'private' : 'host'),
    Dns: host.Dns ?? [],
    DnsOptions: host.DnsOptions ?? [],
    DnsSearch: host.DnsSearch ?? [],
    ExtraHosts: emptyAsNull(host.ExtraHosts),
    GroupAdd: emptyAsNull(host.GroupAdd),
    IpcMode: host.IpcMode || 'private',
    Cgroup: '',
    Links: null,
    OomScoreAdj: host.OomScoreAdj ?? 0,
    PidMode: host.PidMode ?? '',
    Privileged: isPrivileged,
    PublishAllPorts: host.PublishAllPorts ?? false,
    ReadonlyRootfs: host.ReadonlyRootfs ?? false,
    SecurityOpt: emptyAsNull(host.SecurityOpt),
    ...(host.StorageOpt && Object.keys(host.StorageOpt).length > 0 ? { StorageOpt: host.StorageOpt } : {}),
    ...(host.Tmpfs && Object.keys(host.Tmpfs).length > 0 ? { Tmpfs: host.Tmpfs } : {}),
    UTSMode: host.UTSMode ?? '',
    UsernsMode: '',
    ShmSize: host.ShmSize || DEFAULT_SHM_SIZE,
    ...(host.Sysctls && Object.keys(host.Sysctls).length > 0 ? { Sysctls: host.Sysctls } : {}),
    Runtime: options.runtimeName,
    Isolation: '',
    CpuShares: host.CpuShares ?? 0,
    Memory: host.Memory ?? 0,
    NanoCpus: host.NanoCpus ?? 0,
    CgroupParent: host.CgroupParent ?? '',
    BlkioWeight: 0,
    BlkioWeightDevice: [],
    BlkioDeviceReadBps: [],
    BlkioDeviceWriteBps: [],
    BlkioDeviceReadIOps: [],
    BlkioDeviceWriteIOps: [],
    CpuPeriod: host.CpuPeriod ?? 0,
    CpuQuota: host.CpuQuota ?? 0,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: host.CpusetCpus ?? '',
    CpusetMems: host.CpusetMems ?? '',
    Devices: host.Devices ?? [],
    DeviceCgroupRules: emptyAsNull(host.DeviceCgroupRules),
    DeviceRequests: null,
    MemoryReservation: host.MemoryReservation ?? 0,
    MemorySwap: swapOf(host),
    MemorySwappiness: null,
    // Version 2 has no such switch.
    OomKillDisable: options.cgroups === 'unified' ? null : host.OomKillDisable === true,
    PidsLimit: host.PidsLimit === undefined || (host.PidsLimit ?? 0) <= 0 ? null : (host.PidsLimit ?? null),
    Ulimits: host.Ulimits ?? [],
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
    ...(host.Mounts && host.Mounts.length > 0 ? { Mounts: host.Mounts } : {}),
    // `[]` is `systempaths=unconfined`; nothing said is Docker's list, and none at all in a privileged container.
    MaskedPaths: host.MaskedPaths ?? (isPrivileged ? null : DEFAULT_MASKED_PATHS),
    ReadonlyPaths: host.ReadonlyPaths ?? (isPrivileged ? null : DEFAULT_READONLY_PATHS),
    ...(host.Init === undefined || host.Init === null ? {} : { Init: host.Init }),
  };
}

function swapOf({ Memory = 0, MemorySwap = 0 }: ApiHostConfig): number {
  return Memory > 0 && MemorySwap === 0 ? Memory * 2 : MemorySwap;
}

function emptyAsNull<T>(list: readonly T[] | null | undefined): readonly T[] | null {
  return list === undefined || list === null || list.length === 0 ? null : list;
}
