import { RuntimeError } from '../errors.ts';
import type { ContainerSpec } from '../interface.ts';
import type { HostFacts } from '../spec/host-facts.ts';
import { DEFAULT_SECCOMP_PROFILE } from './default-profile.ts';
import type { SeccompCondition, SeccompProfile, SeccompRule } from './profile.ts';

type Host = Pick<HostFacts, 'architecture' | 'kernel'>;

/** Node's name of an architecture → OCI's and Go's. */
const ARCHITECTURES: Readonly<Record<string, { readonly oci: string; readonly go: string }>> = {
  x64: { oci: 'SCMP_ARCH_X86_64', go: 'amd64' },
  arm64: { oci: 'SCMP_ARCH_AARCH64', go: 'arm64' },
  s390x: { oci: 'SCMP_ARCH_S390X', go: 's390x' },
  riscv64: { oci: 'SCMP_ARCH_RISCV64', go: 'riscv64' },
  loong64: { oci: 'SCMP_ARCH_LOONGARCH64', go: 'loong64' },
  ppc64: { oci: 'SCMP_ARCH_PPC64LE', go: 'ppc64le' },
};

/**
 * `linux.seccomp` of runtime-spec for a container with these capabilities on this machine.
 *
 * @returns `undefined`: no filter
 * @throws {RuntimeError} `SECCOMP_PROFILE_INVALID`
 */
export function resolveSeccomp(
  asked: ContainerSpec['seccomp'],
  capabilities: readonly string[],
  host: Host,
): object | undefined {
  if (asked === 'unconfined') return undefined;
  const profile = asked === 'default' ? DEFAULT_SECCOMP_PROFILE : checkProfile(asked);
  const has = { capabilities: new Set(capabilities), host };
  const { defaultAction, defaultErrnoRet, flags, listenerPath, listenerMetadata } = profile;
  return {
    defaultAction,
    ...(defaultErrnoRet === undefined ? {} : { defaultErrnoRet }),
    architectures: profile.architectures ?? architecturesFor(profile, host),
    ...(flags === undefined ? {} : { flags }),
    ...(listenerPath === undefined ? {} : { listenerPath }),
    ...(listenerMetadata === undefined ? {} : { listenerMetadata }),
    syscalls: (profile.syscalls ?? []).filter((rule) => applies(rule, has)).map(toOciRule),
  };
}

function architecturesFor(profile: SeccompProfile, host: Host): readonly string[] {
  const oci = ARCHITECTURES[host.architecture]?.oci;
  const entry = profile.archMap?.find(({ architecture }) => architecture === oci);
  return entry === undefined ? [] : [entry.architecture, ...(entry.subArchitectures ?? [])];
}

interface Has {
  readonly capabilities: ReadonlySet<string>;
  readonly host: Host;
}

function applies(rule: SeccompRule, has: Has): boolean {
  return includes(rule.includes, has) && !excludes(rule.excludes, has);
}

function includes(condition: SeccompCondition | undefined, has: Has): boolean {
  if (condition === undefined) return true;
  const { caps = [], arches = [], minKernel } = condition;
  if (arches.length > 0 && !isOneOf(arches, has.host)) return false;
  if (!caps.every((name) => has.capabilities.has(name))) return false;
  return minKernel === undefined || isAtLeast(has.host, minKernel);
}

function excludes(condition: SeccompCondition | undefined, has: Has): boolean {
  if (condition === undefined) return false;
  const { caps = [], arches = [], minKernel } = condition;
  if (isOneOf(arches, has.host)) return true;
  if (caps.some((name) => has.capabilities.has(name))) return true;
  return minKernel !== undefined && isAtLeast(has.host, minKernel);
}

function isOneOf(arches: readonly string[], host: Host): boolean {
  const go = ARCHITECTURES[host.architecture]?.go;
  return go !== undefined && arches.includes(go);
}

function isAtLeast({ kernel }: Host, wanted: string): boolean {
  const [major = 0, minor = 0] = wanted.split('.').map(Number);
  return kernel.major > major || (kernel.major === major && kernel.minor >= minor);
}

function toOciRule({ names, name, action, errnoRet, args }: SeccompRule): object {
  return {
    names: names ?? (name === undefined ? [] : [name]),
    action,
    ...(errnoRet === undefined ? {} : { errnoRet }),
    ...(args === undefined || args === null || args.length === 0 ? {} : { args }),
  };
}

/** Only what we read ourselves; names of calls and actions are the runtime's to judge. */
function checkProfile(value: object): SeccompProfile {
  const profile = value as Partial<SeccompProfile>;
  if (typeof profile.defaultAction !== 'string' || profile.defaultAction === '')
    throw invalid('it has no "defaultAction"');
  if ((profile.architectures?.length ?? 0) > 0 && (profile.archMap?.length ?? 0) > 0)
    throw invalid("both 'architectures' and 'archMap' are specified in the seccomp profile, use either");
  if (profile.syscalls !== undefined && profile.syscalls !== null && !Array.isArray(profile.syscalls))
    throw invalid('"syscalls" is no list');
  for (const rule of profile.syscalls ?? []) {
    if (typeof rule !== 'object' || rule === null || typeof rule.action !== 'string')
      throw invalid('a rule has no "action"');
    const { name, names = [] } = rule;
    if (name !== undefined && name !== '' && names.length > 0)
      throw invalid("both 'name' and 'names' are specified in a rule, use either");
    if (!Array.isArray(names) || !names.every((one) => typeof one === 'string'))
      throw invalid('"names" of a rule is no list of names');
  }
  return profile as SeccompProfile;
}

function invalid(reason: string): RuntimeError {
  return new RuntimeError('SECCOMP_PROFILE_INVALID', `Cannot use the seccomp profile: ${reason}`, {
    hint: 'See docs.docker.com/engine/security/seccomp for the form',
  });
}
