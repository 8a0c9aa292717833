import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ApiCreateContainer, ApiHostConfig } from '../../api/types.ts';
import { networkingOptions } from './modes.ts';
import { parseRestartPolicy } from './restart-policy.ts';
import { validateConfig } from './validate-config.ts';
import { storageSize, validateHostConfig } from './validate-host-config.ts';

const machine = { cpus: 2, cpuList: '0-1' };
const GIB = 1024 ** 3;

function check(host: ApiHostConfig, request: Partial<ApiCreateContainer> = {}): void {
  validateHostConfig({ Image: 'x', ...request, HostConfig: host }, { machine, runtimeName: 'runc' });
}

/** What the docker client sends for `docker run image`. */
const PLAIN: ApiHostConfig = {
  Binds: null,
  ContainerIDFile: '',
  LogConfig: { Type: '', Config: {} },
  NetworkMode: 'bridge',
  PortBindings: {},
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: '',
  VolumesFrom: null,
  ConsoleSize: [50, 120],
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: '',
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: '',
  Cgroup: '',
  Links: null,
  OomScoreAdj: 0,
  PidMode: '',
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: '',
  UsernsMode: '',
  ShmSize: 0,
  Isolation: '',
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: '',
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  CpuPeriod: 0,
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemorySwappiness: -1,
  OomKillDisable: false,
  PidsLimit: 0,
  Ulimits: [],
  CpuCount: 0,
  MaskedPaths: null,
  ReadonlyPaths: null,
};

describe('validateHostConfig()', () => {
  test('takes what the docker client sends by default', () => check(PLAIN));

  test('takes what a week of use needs', () => {
    check({
      ...PLAIN,
      Memory: 64 * 1024 ** 2,
      MemorySwap: -1,
      NanoCpus: 1.5e9,
      PidsLimit: 100,
      CapAdd: ['net_admin', 'CAP_SYS_TIME'],
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', 'seccomp=unconfined', 'apparmor=unconfined', 'label=disable'],
      Ulimits: [{ Name: 'nofile', Soft: 1024, Hard: 2048 }],
      Sysctls: { 'net.ipv4.ip_forward': '1', 'kernel.shmmax': '1' },
      Devices: [{ PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse', CgroupPermissions: 'rwm' }],
      Dns: ['9.9.9.9'],
      ExtraHosts: ['a:1.2.3.4', 'b:host-gateway', 'c=::1'],
      PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }], '53/udp': [{ HostPort: '' }] },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    });
  });

  const refusals: [name: string, host: ApiHostConfig, message: string | RegExp][] = [
    ['little memory', { Memory: 1024 }, 'Minimum memory limit allowed is 6MB'],
    [
      'less swap than memory',
      { Memory: GIB, MemorySwap: GIB / 2 },
      'Minimum memoryswap limit should be larger than memory limit, see usage',
    ],
    [
      'swap without memory',
      { MemorySwap: GIB },
      'You should always set the Memory limit when using Memoryswap limit, see usage',
    ],
    [
      'a reservation above the limit',
      { Memory: GIB, MemoryReservation: 2 * GIB },
      'Minimum memory limit can not be less than memory reservation limit, see usage',
    ],
    [
      'more CPUs than there are',
      { NanoCpus: 3e9 },
      'range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available',
    ],
    [
      'CPUs in two ways',
      { NanoCpus: 1e9, CpuQuota: 1000 },
      'Conflicting options: Nano CPUs and CPU Quota cannot both be set',
    ],
    [
      'a CPU that is not there',
      { CpusetCpus: '0,7' },
      'Requested CPUs are not available - requested 0,7, available: 0-1',
    ],
    ['a set of CPUs that is none', { CpusetCpus: '1-a' }, 'Invalid value 1-a for cpuset cpus'],
    ['an unknown capability', { CapAdd: ['FLY'] }, 'invalid CapAdd: unknown capability: "CAP_FLY"'],
    ['a security option without a value', { SecurityOpt: ['foo'] }, 'invalid --security-opt 1: "foo"'],
    ['an unknown security option', { SecurityOpt: ['foo=bar'] }, 'invalid --security-opt 2: "foo=bar"'],
    ['a profile that is none', { SecurityOpt: ['seccomp={'] }, /seccomp profile/],
    ['a port that is none', { PortBindings: { '80000/tcp': [] } }, 'invalid port specification: "80000/tcp"'],
    [
      'a host port that is none',
      { PortBindings: { '80/tcp': [{ HostPort: '-1' }] } },
      'invalid port specification: "-1"',
    ],
    ['an address that is none', { PortBindings: { '80/tcp': [{ HostIp: 'x' }] } }, 'invalid IP address: x'],
    ['an ulimit that is none', { Ulimits: [{ Name: 'x', Soft: 1, Hard: 1 }] }, 'invalid ulimit type: x'],
    [
      'a soft limit above the hard one',
      { Ulimits: [{ Name: 'nofile', Soft: 2, Hard: 1 }] },
      'ulimit soft limit must be less than or equal to hard limit: 2 > 1',
    ],
    [
      'a sysctl of the machine',
      { Sysctls: { 'vm.swappiness': '1' } },
      /sysctl 'vm.swappiness' is not allowed/,
    ],
    [
      'a network sysctl in the network of the machine',
      { Sysctls: { 'net.core.somaxconn': '1' }, NetworkMode: 'host' },
      "sysctl 'net.core.somaxconn' not allowed in host network namespace",
    ],
    [
      'an unknown log option',
      { LogConfig: { Type: 'json-file', Config: { x: 'y' } } },
      /unknown log opt 'x'/,
    ],
    ['an IPC mode that is none', { IpcMode: 'x' }, 'invalid IPC mode: x'],
    ['a server that is no address', { Dns: ['x'] }, 'IP address is not correctly formatted: x'],
    ['a host without address', { ExtraHosts: ['x'] }, 'bad format for add-host: "x"'],
    ['a runtime that is not there', { Runtime: 'kata' }, 'unknown or invalid runtime name: kata'],
    ['a way out of the cgroup tree', { CgroupParent: '/a/../../b' }, /invalid cgroup parent/],
    ['types of JSON', { Memory: '5' as never }, 'invalid JSON: HostConfig.Memory must be a whole number'],
    ['types in lists', { Binds: [5] as never }, 'invalid JSON: HostConfig.Binds must be a list of strings'],
  ];
  for (const [name, host, message] of refusals) {
    test(`refuses ${name}`, () => assert.throws(() => check(host), { code: 'CONFIG_REFUSED', message }));
  }

  test('ignores nothing: each field that is not there is refused by its name when it is set', () => {
    for (const [field, value] of [
      ['Links', ['a:b']],
      ['DeviceRequests', [{ Count: -1 }]],
      ['BlkioWeight', 500],
      ['UsernsMode', 'private'],
      ['Isolation', 'hyperv'],
      ['MemorySwappiness', 10],
      ['SomethingNew', true],
    ] as const) {
      assert.throws(
        () => check({ [field]: value }),
        (error: Error & { code: string }) => {
          assert.equal(error.code, 'NOT_IMPLEMENTED');
          assert.ok(error.message.includes(`HostConfig.${field}`), error.message);
          return true;
        },
      );
    }
  });

  test('IPC modes that share between containers are refused, not taken for private ones', () => {
    for (const IpcMode of ['none', 'shareable', 'container:x']) {
      assert.throws(() => check({ IpcMode }), { code: 'NOT_IMPLEMENTED', message: /IPC mode/ }, IpcMode);
    }
    check({ IpcMode: 'host' });
  });

  test('a container in the network of another has no names and ports of its own', () => {
    const host = { NetworkMode: 'container:x' };
    const message = /^conflicting options: .* network mode$/;
    for (const [more, request] of [
      [{}, { Hostname: 'a' }],
      [{ Dns: ['1.1.1.1'] }, {}],
      [{ PortBindings: { '80/tcp': [{ HostPort: '80' }] } }, {}],
      [{}, { ExposedPorts: { '80/tcp': {} } }],
      [{ ExtraHosts: ['a:1.1.1.1'] }, {}],
    ] as const) {
      assert.throws(() => check({ ...host, ...more }, request), { code: 'CONFIG_REFUSED', message });
    }
  });
});

describe('parseRestartPolicy()', () => {
  test('takes the four', () => {
    for (const Name of ['no', 'always', 'unless-stopped', 'on-failure']) {
      assert.equal(parseRestartPolicy({ Name }, { autoRemove: false }).Name, Name);
    }
    assert.deepEqual(parseRestartPolicy(undefined, { autoRemove: true }), {
      Name: 'no',
      MaximumRetryCount: 0,
    });
  });

  test('refuses others, counts where there are none, and what removes itself', () => {
    const policy =
      (Name: string, MaximumRetryCount = 0, autoRemove = false) =>
      () =>
        parseRestartPolicy({ Name, MaximumRetryCount }, { autoRemove });
    assert.throws(policy('often'), /unknown policy 'often'/);
    assert.throws(policy('always', 3), /can only be used with 'on-failure'/);
    assert.throws(policy('on-failure', -1), /cannot be negative/);
    assert.throws(policy('always', 0, true), {
      message: "can't create 'AutoRemove' container with restart policy",
    });
  });
});

describe('validateConfig()', () => {
  test('takes what the docker client sends by default', () => {
    validateConfig({
      Image: 'x',
      Hostname: '',
      Domainname: '',
      User: '',
      AttachStdin: false,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      OpenStdin: false,
      StdinOnce: false,
      Env: null,
      Cmd: ['true'],
      Volumes: {},
      WorkingDir: '',
      Entrypoint: null,
      Labels: {},
      OnBuild: null,
    });
  });

  const refusals: [name: string, request: object, message: string | RegExp][] = [
    ['a variable without a name', { Env: ['=x'] }, 'invalid environment variable: =x'],
    [
      'a relative folder',
      { WorkingDir: 'x' },
      "the working directory 'x' is invalid, it needs to be an absolute path",
    ],
    ['a signal that is none', { StopSignal: 'SIGFOO' }, 'invalid signal: SIGFOO'],
    ['a host name with a blank', { Hostname: 'a b' }, 'invalid hostname format: a b'],
    ['types of JSON', { Cmd: 'true' }, 'invalid JSON: Cmd must be a list of strings'],
    ['labels that are no text', { Labels: { a: 1 } }, 'invalid JSON: Labels.a must be a string'],
  ];
  for (const [name, request, message] of refusals) {
    test(`refuses ${name}`, () =>
      assert.throws(() => validateConfig({ Image: 'x', ...request }), { code: 'CONFIG_REFUSED', message }));
  }

  test('refuses a health check, takes NONE', () => {
    validateConfig({ Image: 'x', Healthcheck: { Test: ['NONE'] } });
    validateConfig({ Image: 'x', Healthcheck: {} });
    assert.throws(() => validateConfig({ Image: 'x', Healthcheck: { Test: ['CMD', 'x'] } }), {
      code: 'NOT_IMPLEMENTED',
      message: /health check/,
    });
    assert.throws(() => validateConfig({ Image: 'x', Healthcheck: { Interval: 5 } }), {
      code: 'NOT_IMPLEMENTED',
    });
  });

  test('refuses fields it does not know', () => {
    assert.throws(() => validateConfig({ Image: 'x', Surprise: 1 }), {
      code: 'NOT_IMPLEMENTED',
      message: /"Surprise"/,
    });
  });
});

describe('networkingOptions()', () => {
  test('takes the network of the mode once more, with a MAC address', () => {
    const EndpointsConfig = { bridge: { MacAddress: '02:42:ac:11:00:02', IPAMConfig: null, Aliases: null } };
    const request = { Image: 'x', NetworkingConfig: { EndpointsConfig } };
    assert.deepEqual(networkingOptions(request, { NetworkMode: 'default' }), {
      macAddress: '02:42:ac:11:00:02',
    });
  });

  test('refuses a second network and settings that are for later', () => {
    const ask = (EndpointsConfig: Record<string, unknown>) => () =>
      networkingOptions({ Image: 'x', NetworkingConfig: { EndpointsConfig } }, {});
    assert.throws(ask({ other: {} }), { code: 'NOT_IMPLEMENTED' });
    assert.throws(ask({ bridge: { Aliases: ['a'] } }), { code: 'NOT_IMPLEMENTED', message: /Aliases/ });
    assert.throws(ask({ bridge: { MacAddress: 'x' } }), { code: 'CONFIG_REFUSED' });
  });
});

test('storageSize() reads sizes as Docker does', () => {
  assert.equal(storageSize({}), undefined);
  assert.equal(storageSize({ StorageOpt: { size: '50M' } }), 50 * 1024 ** 2);
  assert.equal(storageSize({ StorageOpt: { size: '1.5g' } }), 1.5 * 1024 ** 3);
  assert.throws(() => storageSize({ StorageOpt: { size: 'much' } }), { code: 'CONFIG_REFUSED' });
});
