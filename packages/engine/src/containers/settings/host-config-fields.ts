import type { ApiHostConfig } from '../../api/types.ts';
import { isZero, notImplemented, refused } from './refuse.ts';

/** Fields that the engine acts on. */
const SUPPORTED = new Set([
  'Binds',
  'Mounts',
  'Tmpfs',
  'VolumesFrom',
  'NetworkMode',
  'PortBindings',
  'PublishAllPorts',
  'RestartPolicy',
  'AutoRemove',
  'LogConfig',
  'CapAdd',
  'CapDrop',
  'Privileged',
  'SecurityOpt',
  'ReadonlyRootfs',
  'Devices',
  'DeviceCgroupRules',
  'Ulimits',
  'Sysctls',
  'Dns',
  'DnsSearch',
  'DnsOptions',
  'ExtraHosts',
  'GroupAdd',
  'IpcMode',
  'PidMode',
  'UTSMode',
  'CgroupnsMode',
  'CgroupParent',
  'OomScoreAdj',
  'OomKillDisable',
  'Init',
  'ShmSize',
  'Memory',
  'MemorySwap',
  'MemoryReservation',
  'NanoCpus',
  'CpuPeriod',
  'CpuQuota',
  'CpuShares',
  'CpusetCpus',
  'CpusetMems',
  'PidsLimit',
  'StorageOpt',
  'MaskedPaths',
  'ReadonlyPaths',
  'Runtime',
  'ConsoleSize',
  // Said by clients, acted on by nobody.
  'ContainerIDFile',
]);

/** Values that mean "not asked for" beside Go's zero. */
const NEUTRAL: Readonly<Record<string, readonly unknown[]>> = {
  Isolation: ['default'],
  UsernsMode: ['host'],
  VolumeDriver: ['local'],
  MemorySwappiness: [-1],
};

/** Why a client may have set it: the option of `docker run`. */
const OPTIONS: Readonly<Record<string, string>> = {
  Links: '--link',
  DeviceRequests: '--gpus',
  BlkioWeight: '--blkio-weight',
  BlkioWeightDevice: '--blkio-weight-device',
  BlkioDeviceReadBps: '--device-read-bps',
  BlkioDeviceWriteBps: '--device-write-bps',
  BlkioDeviceReadIOps: '--device-read-iops',
  BlkioDeviceWriteIOps: '--device-write-iops',
  CpuRealtimePeriod: '--cpu-rt-period',
  CpuRealtimeRuntime: '--cpu-rt-runtime',
  KernelMemory: '--kernel-memory',
  MemorySwappiness: '--memory-swappiness',
  VolumeDriver: '--volume-driver',
  UsernsMode: '--userns',
  Isolation: '--isolation',
  Annotations: '--annotation',
};

/**
 * Nothing that was asked for is ignored: a field that the engine does not act on must be zero.
 * @throws {EngineError} `NOT_IMPLEMENTED`
 */
export function refuseUnknownFields(host: ApiHostConfig): void {
  for (const [name, value] of Object.entries(host)) {
    if (SUPPORTED.has(name) || isZero(value) || NEUTRAL[name]?.includes(value) === true) continue;
    const option = Object.hasOwn(OPTIONS, name) ? ` (${OPTIONS[name]})` : '';
    throw notImplemented(`The setting HostConfig.${name}${option}`);
  }
}

type Kind = 'string' | 'number' | 'boolean' | 'strings' | 'map' | 'object' | 'objects';

const KINDS: Readonly<Record<string, Kind>> = {
  Binds: 'strings',
  Mounts: 'objects',
  Tmpfs: 'map',
  VolumesFrom: 'strings',
  NetworkMode: 'string',
  PortBindings: 'object',
  PublishAllPorts: 'boolean',
  RestartPolicy: 'object',
  AutoRemove: 'boolean',
  LogConfig: 'object',
  CapAdd: 'strings',
  CapDrop: 'strings',
  Privileged: 'boolean',
  SecurityOpt: 'strings',
  ReadonlyRootfs: 'boolean',
  Devices: 'objects',
  DeviceCgroupRules: 'strings',
  Ulimits: 'objects',
  Sysctls: 'map',
  Dns: 'strings',
  DnsSearch: 'strings',
  DnsOptions: 'strings',
  ExtraHosts: 'strings',
  GroupAdd: 'strings',
  IpcMode: 'string',
  PidMode: 'string',
  UTSMode: 'string',
  CgroupnsMode: 'string',
  CgroupParent: 'string',
  OomScoreAdj: 'number',
  OomKillDisable: 'boolean',
  Init: 'boolean',
  ShmSize: 'number',
  Memory: 'number',
  MemorySwap: 'number',
  MemoryReservation: 'number',
  NanoCpus: 'number',
  CpuPeriod: 'number',
  CpuQuota: 'number',
  CpuShares: 'number',
  CpusetCpus: 'string',
  CpusetMems: 'string',
  PidsLimit: 'number',
  StorageOpt: 'map',
  MaskedPaths: 'strings',
  ReadonlyPaths: 'strings',
  Runtime: 'string',
};

const IS_KIND: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string' && !value.includes('\0'),
  number: (value) => Number.isSafeInteger(value),
  boolean: (value) => typeof value === 'boolean',
  strings: (value) => Array.isArray(value) && value.every((item) => IS_KIND.string(item)),
  map: (value) => isObject(value) && Object.values(value).every((item) => typeof item === 'string'),
  object: isObject,
  objects: (value) => Array.isArray(value) && value.every(isObject),
};

/** JSON from a socket can be anything. @throws {EngineError} `CONFIG_REFUSED` */
export function validateTypes(host: ApiHostConfig): void {
  for (const [name, kind] of Object.entries(KINDS)) {
    const value = host[name];
    if (value === undefined || value === null || IS_KIND[kind](value)) continue;
    throw refused(`invalid JSON: HostConfig.${name} must be ${WORDS[kind]}`);
  }
  for (const [port, bindings] of Object.entries(host.PortBindings ?? {})) {
    if (bindings === null) continue;
    const isList = Array.isArray(bindings) && bindings.every(isObject);
    const texts = isList ? bindings.flatMap(({ HostIp = '', HostPort = '' }) => [HostIp, HostPort]) : [];
    if (!isList || texts.some((text) => typeof text !== 'string')) {
      throw refused(`invalid JSON: HostConfig.PortBindings of "${port}" must be a list of bindings`);
    }
  }
}

const WORDS: Readonly<Record<Kind, string>> = {
  string: 'a string',
  number: 'a whole number',
  boolean: 'true or false',
  strings: 'a list of strings',
  map: 'an object of strings',
  object: 'an object',
  objects: 'a list of objects',
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
