import { join } from 'node:path/posix';
import type { ContainerSpec, OciProcess } from '../interface.ts';
import { resolveSeccomp } from '../seccomp/resolve-profile.ts';
import { DEFAULT_CGROUP_PARENT } from './cgroup-parent.ts';
import { buildDevices } from './devices.ts';
import { type HostFacts, readHostFacts } from './host-facts.ts';
import { DEFAULT_MASKED_PATHS, DEFAULT_READONLY_PATHS } from './masked-paths.ts';
import { buildMounts, rootPropagation } from './mounts.ts';
import { buildNamespaces } from './namespaces.ts';
import { buildResources } from './resources.ts';

/**
 * `config.json` as Docker makes it: same mounts, masks, capabilities and filters, so that what runs there runs here.
 *
 * The same values give the same object; of the machine it knows only `host`.
 *
 * @see runtime-spec v1.0.2 config.md, config-linux.md
 * @throws {RuntimeError} `DEVICE_INVALID`, `SECCOMP_PROFILE_INVALID`
 */
export function buildSpec(spec: ContainerSpec, host: HostFacts = readHostFacts()): object {
  const mounts = buildMounts(spec);
  const devices = buildDevices(spec, host);
  const propagation = rootPropagation(mounts);
  const seccomp = spec.isPrivileged ? undefined : resolveSeccomp(spec.seccomp, spec.capabilities, host);
  const sysctl = buildSysctls(spec);
  return {
    ociVersion: '1.0.2',
    process: buildProcess(spec, host),
    root: { path: spec.rootfs, readonly: spec.isRootfsReadonly },
    ...(spec.namespaces.uts === 'host' ? {} : { hostname: spec.hostname }),
    mounts,
    linux: {
      ...(Object.keys(sysctl).length === 0 ? {} : { sysctl }),
      resources: {
        devices: devices.rules,
        ...buildResources(spec.resources, host),
      },
      cgroupsPath: join('/', spec.cgroupParent ?? DEFAULT_CGROUP_PARENT, spec.id),
      namespaces: buildNamespaces(spec),
      devices: devices.nodes,
      ...(seccomp === undefined ? {} : { seccomp }),
      ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
      ...buildMasks(spec, host),
    },
  };
}

/** `process` of a container; that of an exec is made of it with other arguments, see `execProcess`. */
function buildProcess(spec: ContainerSpec, host: HostFacts): OciProcess {
  const { args, env, cwd, user, terminal, consoleSize } = spec.process;
  return {
    terminal,
    ...(consoleSize === undefined ? {} : { consoleSize: { height: consoleSize[0], width: consoleSize[1] } }),
    user: toOciUser(user),
    args,
    env,
    cwd: cwd === '' ? '/' : cwd,
    capabilities: capabilitySets(spec.capabilities, host),
    ...(spec.rlimits.length === 0 ? {} : { rlimits: spec.rlimits }),
    noNewPrivileges: spec.noNewPrivileges,
    // Always said, or it would be inherited from us, and we protect ourselves.
    oomScoreAdj: spec.oomScoreAdj ?? 0,
  };
}

export function toOciUser(user: ContainerSpec['process']['user']): OciProcess['user'] {
  return {
    uid: user.uid,
    gid: user.gid,
    ...(user.additionalGids.length === 0 ? {} : { additionalGids: user.additionalGids }),
  };
}

/**
 * Inheritable and ambient stay empty: with them a program without file capabilities would get rights that the user's
 * number does not have (CVE-2022-24769). What we do not have ourselves cannot be given.
 */
export function capabilitySets(
  capabilities: readonly string[],
  host: Pick<HostFacts, 'capabilities'>,
): NonNullable<OciProcess['capabilities']> {
  const given = capabilities.filter((name) => host.capabilities.has(name));
  return { bounding: given, effective: given, permitted: given, inheritable: [], ambient: [] };
}

function buildMasks(spec: ContainerSpec, host: HostFacts): object {
  if (spec.isPrivileged && spec.maskedPaths === undefined && spec.readonlyPaths === undefined) return {};
  const masked =
    spec.maskedPaths ?? (spec.isPrivileged ? [] : [...DEFAULT_MASKED_PATHS, ...host.throttlePaths]);
  const readonly = spec.readonlyPaths ?? (spec.isPrivileged ? [] : DEFAULT_READONLY_PATHS);
  return { maskedPaths: masked, readonlyPaths: readonly };
}

/** In a network of its own a container may ping and listen on low ports without being root. */
const NETWORK_SYSCTLS: Readonly<Record<string, string>> = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0 2147483647',
};

function buildSysctls(spec: ContainerSpec): Readonly<Record<string, string>> {
  return {
    ...(spec.namespaces.network === 'host' ? {} : NETWORK_SYSCTLS),
    // Not the field `domainname`, which runtimes before runtime-spec 1.1 ignore.
    ...(spec.domainname === undefined || spec.domainname === '' || spec.namespaces.uts === 'host'
      ? {}
      : { 'kernel.domainname': spec.domainname }),
    ...spec.sysctls,
  };
}
