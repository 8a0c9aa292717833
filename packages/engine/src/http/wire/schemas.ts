import { type TSchema, Type } from 'typebox';
import { BodySchema } from './json-body.ts';

/**
 * The bodies that clients send, as far as their types matter: a field that is here has this type or is refused by its
 * name; fields that are not here pass. Which values are allowed is the engine's to say.
 */

/** All fields optional, as Go's zero values have it. */
function fields<T extends Record<string, TSchema>>(properties: T) {
  return Type.Partial(Type.Object(properties, { additionalProperties: true }));
}

const text = Type.String();
const flag = Type.Boolean();
const integer = Type.Integer();
const texts = Type.Array(Type.String());
const textMap = Type.Record(Type.String(), Type.String());
/** `["a", "b"]`; clients also send one string. */
const words = Type.Union([texts, text]);
/** The names count, the values are `{}` or `null`. */
const nameSet = Type.Record(Type.String(), Type.Unknown());
const size = Type.Tuple([integer, integer]);

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
  Devices: Type.Array(device),
  DeviceCgroupRules: texts,
  MemoryReservation: integer,
  MemorySwap: integer,
  MemorySwappiness: integer,
  OomKillDisable: flag,
  PidsLimit: integer,
  Ulimits: Type.Array(ulimit),
};

const hostConfig = fields({
  ...resources,
  Binds: texts,
  ContainerIDFile: text,
  LogConfig: fields({ Type: text, Config: textMap }),
  NetworkMode: text,
  PortBindings: Type.Record(Type.String(), Type.Union([Type.Array(portBinding), Type.Null()])),
  RestartPolicy: restartPolicy,
  AutoRemove: flag,
  VolumeDriver: text,
  VolumesFrom: texts,
  Mounts: Type.Array(mount),
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

export const createContainerBody = new BodySchema(
  fields({
    ...containerConfig,
    HostConfig: hostConfig,
    NetworkingConfig: fields({ EndpointsConfig: Type.Record(Type.String(), Type.Unknown()) }),
  }),
);

/** The config that `commit` takes over the container's. */
export const commitBody = new BodySchema(fields(containerConfig));

export const updateContainerBody = new BodySchema(fields({ ...resources, RestartPolicy: restartPolicy }));

export const createExecBody = new BodySchema(
  fields({
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
  }),
);

export const startExecBody = new BodySchema(fields({ Detach: flag, Tty: flag, ConsoleSize: size }));

export const createVolumeBody = new BodySchema(
  fields({
    Name: text,
    Driver: text,
    DriverOpts: textMap,
    Labels: textMap,
    ClusterVolumeSpec: Type.Unknown(),
  }),
);

export const authBody = new BodySchema(
  fields({
    username: text,
    password: text,
    auth: text,
    email: text,
    serveraddress: text,
    identitytoken: text,
    registrytoken: text,
  }),
);
