import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ALL_CAPABILITIES,
  buildSpec,
  type ContainerSpec,
  DEFAULT_CAPABILITIES,
  type HostFacts,
} from '../index.ts';

const HOST: HostFacts = {
  architecture: 'x64',
  kernel: { major: 6, minor: 1 },
  cgroups: 'unified',
  capabilities: new Set(ALL_CAPABILITIES),
  devicesAt: (path) =>
    [
      { path: '/dev/fuse', type: 'c', major: 10, minor: 229, mode: 0o666, uid: 0, gid: 0 } as const,
      { path: '/dev/snd/timer', type: 'c', major: 116, minor: 33, mode: 0o660, uid: 0, gid: 29 } as const,
      { path: '/dev/sda', type: 'b', major: 8, minor: 0, mode: 0o660, uid: 0, gid: 6 } as const,
    ].filter((device) => device.path === path || device.path.startsWith(`${path}/`)),
  throttlePaths: ['/sys/devices/system/cpu/cpu0/thermal_throttle'],
};

const PLAIN: ContainerSpec = {
  id: 'c1',
  rootfs: '/rootfs',
  isRootfsReadonly: false,
  hostname: 'box',
  process: {
    args: ['sh'],
    env: ['A=b'],
    cwd: '',
    user: { uid: 5, gid: 6, additionalGids: [6, 7], home: '/' },
    terminal: true,
    consoleSize: [24, 80],
  },
  isPrivileged: false,
  capabilities: DEFAULT_CAPABILITIES,
  noNewPrivileges: false,
  seccomp: 'default',
  mounts: [],
  devices: [],
  deviceCgroupRules: [],
  resources: {},
  rlimits: [],
  sysctls: {},
  namespaces: { network: '/run/netns/x', pid: 'private', ipc: 'private', uts: 'private', cgroup: 'private' },
  shmSizeBytes: 67108864,
};

interface Built {
  readonly process: Record<string, unknown> & { readonly capabilities: Record<string, string[]> };
  readonly root: unknown;
  readonly hostname?: string;
  readonly mounts: readonly { destination: string; type: string; source: string; options: string[] }[];
  readonly linux: Record<string, unknown> & {
    readonly resources: Record<string, unknown> & { readonly devices: unknown[] };
    readonly namespaces: { type: string; path?: string }[];
    readonly devices: { path: string }[];
    readonly sysctl?: Record<string, string>;
    readonly seccomp?: { syscalls: { names: string[]; action: string }[]; architectures: string[] };
    readonly maskedPaths?: string[];
    readonly readonlyPaths?: string[];
  };
}

function build(change: Partial<ContainerSpec> = {}, host: Partial<HostFacts> = {}): Built {
  return buildSpec({ ...PLAIN, ...change }, { ...HOST, ...host }) as Built;
}

test('a plain container gets what Docker gives it', () => {
  const { process, root, hostname, mounts, linux } = build();
  assert.deepEqual(root, { path: '/rootfs', readonly: false });
  assert.equal(hostname, 'box');
  assert.deepEqual(
    { ...process, capabilities: undefined },
    {
      terminal: true,
      consoleSize: { height: 24, width: 80 },
      user: { uid: 5, gid: 6, additionalGids: [6, 7] },
      args: ['sh'],
      env: ['A=b'],
      cwd: '/',
      capabilities: undefined,
      noNewPrivileges: false,
      oomScoreAdj: 0,
    },
  );
  assert.deepEqual(process.capabilities, {
    bounding: DEFAULT_CAPABILITIES,
    effective: DEFAULT_CAPABILITIES,
    permitted: DEFAULT_CAPABILITIES,
    inheritable: [],
    ambient: [],
  });
  assert.deepEqual(
    mounts.map(({ destination, type }) => `${destination} ${type}`),
    [
      '/proc proc',
      '/dev tmpfs',
      '/dev/pts devpts',
      '/sys sysfs',
      '/sys/fs/cgroup cgroup',
      '/dev/mqueue mqueue',
      '/dev/shm tmpfs',
    ],
  );
  assert.ok(mounts.find(({ destination }) => destination === '/sys')?.options.includes('ro'));
  assert.ok(mounts.find(({ destination }) => destination === '/sys/fs/cgroup')?.options.includes('ro'));
  assert.ok(mounts.find(({ destination }) => destination === '/dev/shm')?.options.includes('size=67108864'));
  assert.ok(linux.maskedPaths?.includes('/proc/kcore'));
  assert.ok(linux.maskedPaths?.includes('/sys/devices/system/cpu/cpu0/thermal_throttle'));
  assert.deepEqual(linux.readonlyPaths, [
    '/proc/bus',
    '/proc/fs',
    '/proc/irq',
    '/proc/sys',
    '/proc/sysrq-trigger',
  ]);
  assert.deepEqual(linux.namespaces, [
    { type: 'mount' },
    { type: 'network', path: '/run/netns/x' },
    { type: 'uts' },
    { type: 'pid' },
    { type: 'ipc' },
    { type: 'cgroup' },
  ]);
  assert.equal(linux.cgroupsPath, '/berth/c1');
  assert.deepEqual(linux.sysctl, {
    'net.ipv4.ip_unprivileged_port_start': '0',
    'net.ipv4.ping_group_range': '0 2147483647',
  });
  assert.deepEqual(linux.resources.devices[0], { allow: false, access: 'rwm' });
  assert.ok(!('memory' in linux.resources || 'cpu' in linux.resources || 'pids' in linux.resources));
});

test('capabilities that we do not have ourselves are not given', () => {
  const { process } = build(
    { capabilities: ['CAP_CHOWN', 'CAP_SYS_ADMIN'] },
    { capabilities: new Set(['CAP_CHOWN']) },
  );
  assert.deepEqual(process.capabilities.bounding, ['CAP_CHOWN']);
});

test('a privileged container sees the devices of the machine, and no mask, filter or read-only /sys', () => {
  const { linux, mounts } = build({ isPrivileged: true, capabilities: ALL_CAPABILITIES });
  assert.equal(linux.seccomp, undefined);
  assert.equal(linux.maskedPaths, undefined);
  assert.equal(linux.readonlyPaths, undefined);
  assert.deepEqual(linux.resources.devices, [{ allow: true, access: 'rwm' }]);
  assert.deepEqual(
    linux.devices.map(({ path }) => path),
    ['/dev/fuse', '/dev/snd/timer', '/dev/sda'],
  );
  for (const { destination, options } of mounts)
    if (destination.startsWith('/sys')) assert.ok(!options.includes('ro'), destination);
});

test('devices: nodes with the numbers of the host, and the right to use them in that way', () => {
  const { linux } = build({
    devices: [
      { hostPath: '/dev/sda', path: '/dev/disk', permissions: 'r' },
      { hostPath: '/dev/snd', path: '/dev/sound', permissions: 'rwm' },
    ],
    deviceCgroupRules: ['c 42:* rmw', 'a *:* r'],
  });
  assert.deepEqual(linux.devices, [
    { path: '/dev/disk', type: 'b', major: 8, minor: 0, fileMode: 0o660, uid: 0, gid: 6 },
    { path: '/dev/sound/timer', type: 'c', major: 116, minor: 33, fileMode: 0o660, uid: 0, gid: 29 },
  ]);
  assert.deepEqual(linux.resources.devices.slice(-4), [
    { allow: true, type: 'b', major: 8, minor: 0, access: 'r' },
    { allow: true, type: 'c', major: 116, minor: 33, access: 'rwm' },
    { allow: true, type: 'c', major: 42, access: 'rmw' },
    { allow: true, type: 'a', access: 'r' },
  ]);
  const bad = [
    { devices: [{ hostPath: '/dev/nosuch', path: '/dev/x', permissions: 'rwm' }] },
    { devices: [{ hostPath: '/dev/sda', path: '/dev/x', permissions: 'rx' }] },
    { deviceCgroupRules: ['c 42 rmw'] },
  ];
  for (const change of bad) assert.throws(() => build(change), { code: 'DEVICE_INVALID' });
});

test('mounts of the caller take the place of default ones, parents come first', () => {
  const { mounts } = build({
    mounts: [
      { type: 'bind', source: '/b', target: '/data/inner/', isReadonly: true },
      {
        type: 'bind',
        source: '/a',
        target: '/data',
        isReadonly: false,
        propagation: 'rslave',
        isRecursive: false,
      },
      { type: 'tmpfs', target: '/dev/shm', options: ['size=1m', 'exec'] },
      { type: 'bind', source: '/sys', target: '/sys', isReadonly: false },
    ],
  });
  assert.equal(mounts.filter(({ destination }) => destination === '/dev/shm').length, 1);
  assert.equal(mounts.filter(({ destination }) => destination === '/sys').length, 1);
  assert.deepEqual(mounts.slice(-4), [
    { destination: '/data', type: 'bind', source: '/a', options: ['bind', 'rslave'] },
    { destination: '/sys', type: 'bind', source: '/sys', options: ['rbind', 'rprivate'] },
    { destination: '/data/inner', type: 'bind', source: '/b', options: ['rbind', 'ro', 'rprivate'] },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'nodev', 'rprivate', 'size=1m', 'exec'],
    },
  ]);
  assert.equal(build({ mounts: [] }).linux.rootfsPropagation, undefined);
  const slave = {
    type: 'bind',
    source: '/a',
    target: '/a',
    isReadonly: false,
    propagation: 'rslave',
  } as const;
  assert.equal(build({ mounts: [slave] }).linux.rootfsPropagation, 'rslave');
  assert.equal(
    build({ mounts: [slave, { ...slave, propagation: 'rshared' }] }).linux.rootfsPropagation,
    'shared',
  );
  const dev = build({ mounts: [{ type: 'bind', source: '/dev', target: '/dev', isReadonly: false }] }).mounts;
  assert.deepEqual(
    dev.map(({ destination }) => destination).filter((path) => path.startsWith('/dev')),
    ['/dev'],
  );
});

test('namespaces of the machine and of other containers are shared', () => {
  const { hostname, linux, mounts } = build({
    domainname: 'example.org',
    namespaces: { network: 'host', pid: '/proc/9/ns/pid', ipc: 'host', uts: 'host', cgroup: 'host' },
  });
  assert.equal(hostname, undefined);
  assert.equal(linux.sysctl, undefined);
  assert.deepEqual(linux.namespaces, [{ type: 'mount' }, { type: 'pid', path: '/proc/9/ns/pid' }]);
  assert.deepEqual(mounts.find(({ destination }) => destination === '/dev/shm')?.source, '/dev/shm');
  assert.equal(build({ domainname: 'example.org' }).linux.sysctl?.['kernel.domainname'], 'example.org');
});

test('resources become those of runtime-spec', () => {
  const resources = {
    memoryBytes: 1,
    memorySwapBytes: 2,
    memoryReservationBytes: 3,
    isOomKillDisabled: true,
    cpuQuota: 4,
    cpuPeriod: 5,
    cpuShares: 6,
    cpusetCpus: '0-1',
    cpusetMems: '',
    pidsLimit: 7,
  };
  const { devices: _, ...v1 } = build({ resources }, { cgroups: 'hybrid' }).linux.resources;
  assert.deepEqual(v1, {
    memory: { limit: 1, swap: 2, reservation: 3, disableOOMKiller: true },
    cpu: { quota: 4, period: 5, shares: 6, cpus: '0-1' },
    pids: { limit: 7 },
  });
  const { memory } = build({ resources }).linux.resources;
  assert.deepEqual(memory, { limit: 1, swap: 2, reservation: 3 });
  assert.equal(build({ resources: { pidsLimit: 0 } }).linux.resources.pids, undefined);
});

test('read-only, masks, limits and a parent cgroup as asked', () => {
  const { root, process, linux } = build({
    isRootfsReadonly: true,
    maskedPaths: [],
    readonlyPaths: ['/x'],
    rlimits: [{ type: 'RLIMIT_NOFILE', hard: 9, soft: 8 }],
    oomScoreAdj: 500,
    noNewPrivileges: true,
    cgroupParent: 'jobs/ci',
  });
  assert.deepEqual(root, { path: '/rootfs', readonly: true });
  assert.deepEqual(process.rlimits, [{ type: 'RLIMIT_NOFILE', hard: 9, soft: 8 }]);
  assert.equal(process.oomScoreAdj, 500);
  assert.equal(process.noNewPrivileges, true);
  assert.deepEqual([linux.maskedPaths, linux.readonlyPaths], [[], ['/x']]);
  assert.equal(linux.cgroupsPath, '/jobs/ci/c1');
});
