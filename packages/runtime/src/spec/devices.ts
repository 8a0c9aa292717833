import { RuntimeError } from '../errors.ts';
import type { ContainerSpec } from '../interface.ts';
import type { HostDevice, HostFacts } from './host-facts.ts';

interface DeviceNode {
  readonly path: string;
  readonly type: string;
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

interface DeviceRule {
  readonly allow: boolean;
  readonly type?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

export interface BuiltDevices {
  /** `linux.devices`: nodes to make. null, zero, full, random, urandom, tty and ptmx are there without being asked for. */
  readonly nodes: readonly DeviceNode[];
  /** `linux.resources.devices`: what may be used, in order. */
  readonly rules: readonly DeviceRule[];
}

const READ_WRITE_MAKE = 'rwm';

/** Everything is refused, then: zero, null, random, urandom, tty, console; not fuse. */
const DEFAULT_RULES: readonly DeviceRule[] = [
  { allow: false, access: READ_WRITE_MAKE },
  ...[
    [1, 5],
    [1, 3],
    [1, 9],
    [1, 8],
    [5, 0],
    [5, 1],
  ].map(([major, minor]) => rule('c', major, minor, READ_WRITE_MAKE)),
  { ...rule('c', 10, 229, READ_WRITE_MAKE), allow: false },
];

/** @throws {RuntimeError} `DEVICE_INVALID` */
export function buildDevices(spec: ContainerSpec, host: HostFacts): BuiltDevices {
  if (spec.isPrivileged) {
    const asked = spec.devices.flatMap((device) => askedDevices(device, host));
    const known = new Set(asked.map(({ path }) => path));
    const all = host.devicesAt('/dev').filter(({ path }) => !known.has(path));
    return {
      nodes: [...asked, ...all].map(toNode),
      rules: [{ allow: true, access: READ_WRITE_MAKE }],
    };
  }
  const nodes: DeviceNode[] = [];
  const rules: DeviceRule[] = [...DEFAULT_RULES];
  for (const device of spec.devices) {
    for (const found of askedDevices(device, host)) {
      nodes.push(toNode(found));
      rules.push(rule(found.type, found.major, found.minor, device.permissions));
    }
  }
  return { nodes, rules: [...rules, ...spec.deviceCgroupRules.map(parseDeviceRule)] };
}

/** The host's devices with their paths inside; a folder gives all below it. */
function askedDevices(asked: ContainerSpec['devices'][number], host: HostFacts): HostDevice[] {
  if (!/^[rwm]{1,3}$/.test(asked.permissions))
    throw new RuntimeError(
      'DEVICE_INVALID',
      `Cannot give device "${asked.hostPath}": permissions "${asked.permissions}" are not of r, w and m`,
    );
  const found = host.devicesAt(asked.hostPath);
  if (found.length === 0)
    throw new RuntimeError(
      'DEVICE_INVALID',
      `error gathering device information while adding custom device "${asked.hostPath}": no such file or directory`,
      { hint: 'The path must be a device of the host, or a folder that has some' },
    );
  return found.map((device) => ({ ...device, path: asked.path + device.path.slice(asked.hostPath.length) }));
}

function toNode({ path, type, major, minor, mode, uid, gid }: HostDevice): DeviceNode {
  return { path, type, major, minor, fileMode: mode, uid, gid };
}

function rule(type: string, major = 0, minor = 0, access: string): DeviceRule {
  return { allow: true, type, major, minor, access };
}

const DEVICE_RULE = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/;

/** `c 42:* rmw` of `--device-cgroup-rule`; a star is "any", which runtime-spec says by leaving it out. */
function parseDeviceRule(text: string): DeviceRule {
  const match = DEVICE_RULE.exec(text);
  if (match === null)
    throw new RuntimeError('DEVICE_INVALID', `invalid device cgroup rule format: '${text}'`, {
      hint: 'A rule is type, major:minor and permissions: "c 42:* rmw"',
    });
  const [, type = 'a', major = '*', minor = '*', access = ''] = match;
  return {
    allow: true,
    type,
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
    access,
  };
}
