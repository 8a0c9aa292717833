import { anything, fields, flag, integer, listOf, mapOf, text, words } from './shape.ts';

/**
 * The bodies that clients send, as far as their types matter: a field that is here has this type or is refused by its
 * name; fields that are not here pass. Which values are allowed is the engine's to say.
 */

const texts = listOf(text);
const textMap = mapOf(text);
/** The names count, the values are `{}` or `null`. */
const nameSet = mapOf(anything);
const size = listOf(integer, 2);

const healthcheck = fields({
  Test: texts,
  Interval: integer,
  Timeout: integer,
  StartPeriod: integer,
  StartInterval: integer,
  Retries: integer,
});

const containerConfig = {
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: nameSet,
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: texts,
  Cmd: words,
  Entrypoint: words,
  Healthcheck: healthcheck,
  Image: text,
  Volumes: nameSet,
  WorkingDir: text,
  NetworkDisabled: flag,
  MacAddress: text,
  OnBuild: texts,
  Labels: textMap,
  StopSignal: text,
  StopTimeout: integer,
  Shell: texts,
};

const mount = fields({
  Type: text,
  Source: text,
  Target: text,
  ReadOnly: flag,
  Consistency: text,
  BindOptions: fields({
    Propagation: text,
    NonRecursive: flag,
    CreateMountpoint: flag,
    ReadOnlyNonRecursive: flag,
    ReadOnlyForceRecursive: flag,
  }),
  VolumeOptions: fields({
    NoCopy: flag,
    Labels: textMap,
    Subpath: text,
    DriverConfig: fields({ Name: text, Options: textMap }),
  }),
  TmpfsOptions: fields({ SizeBytes: integer, Mode: integer }),
});

const restartPolicy = fields({ Name: text, MaximumRetryCount: integer });
const portBinding = fields({ HostIp: text, HostPort: text });
const ulimit = fields({ Name: text, Hard: integer, Soft: integer });
const device = fields({ PathOnHost: text, PathInContainer: text, CgroupPermissions: text });

const resources = {
  CpuShares: integer,
  Memory: integer,
  NanoCpus: integer,
  CgroupParent: text,
  BlkioWeight: integer,
  CpuPeriod: integer,
  CpuQuota: integer,
  CpuRealtimePeriod: integer,
  CpuRealtimeRuntime: integer,
  CpusetCpus: text,
  CpusetMems: text,
  Devices: listOf(device),
  DeviceCgroupRules: texts,
  MemoryReservation: integer,
  MemorySwap: integer,
  MemorySwappiness: integer,
  OomKillDisable: flag,
  PidsLimit: integer,
  Ulimits: listOf(ulimit),
};

const hostConfig = fields({
  ...resources,
  Binds: texts,
  ContainerIDFile: text,
  LogConfig: fields({ Type: text, Config: textMap }),
  NetworkMode: text,
  PortBindings: mapOf(listOf(portBinding)),
  RestartPolicy: restartPolicy,
  AutoRemove: flag,
  VolumeDriver: text,
  VolumesFrom: texts,
  Mounts: listOf(mount),
  ConsoleSize: size,
  Annotations: textMap,
  CapAdd: texts,
  CapDrop: texts,
  CgroupnsMode: text,
  Dns: texts,
  DnsOptions: texts,
  DnsSearch: texts,
  ExtraHosts: texts,
  GroupAdd: texts,
  IpcMode: text,
  Cgroup: text,
  Links: texts,
  OomScoreAdj: integer,
  PidMode: text,
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: texts,
  StorageOpt: textMap,
  Tmpfs: textMap,
  UTSMode: text,
  UsernsMode: text,
  ShmSize: integer,
  Sysctls: textMap,
  Runtime: text,
  Isolation: text,
  MaskedPaths: texts,
  ReadonlyPaths: texts,
  Init: flag,
});

export const createContainerBody = fields({
  ...containerConfig,
  HostConfig: hostConfig,
  NetworkingConfig: fields({ EndpointsConfig: nameSet }),
});

/** The config that `commit` takes over the container's. */
export const commitBody = fields(containerConfig);

export const updateContainerBody = fields({ ...resources, RestartPolicy: restartPolicy });

export const createExecBody = fields({
  User: text,
  Privileged: flag,
  Tty: flag,
  ConsoleSize: size,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  DetachKeys: text,
  Env: texts,
  WorkingDir: text,
  Cmd: texts,
});

export const startExecBody = fields({ Detach: flag, Tty: flag, ConsoleSize: size });

export const createVolumeBody = fields({
  Name: text,
  Driver: text,
  DriverOpts: textMap,
  Labels: textMap,
  ClusterVolumeSpec: anything,
});

export const authBody = fields({
  username: text,
  password: text,
  auth: text,
  email: text,
  serveraddress: text,
  identitytoken: text,
  registrytoken: text,
});
