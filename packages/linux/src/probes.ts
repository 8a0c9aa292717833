import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { hasCode } from '@berth/errors';
import { cgroupControllers, cgroupMode, cgroupPathsOf } from './cgroups.ts';
import { effectiveCapabilities, isInInitialUserNamespace, kernelRelease } from './kernel.ts';
import { AT_FDCWD, libc, SYS } from './libc.ts';
import { probeMount, probeWhiteouts } from './probe-mount.ts';
import { probeNetwork } from './probe-network.ts';
import { fails, type Probe, type ProbeResult, wordsOf, works } from './probe-result.ts';
import { openTerminal } from './terminals.ts';

const ENOSYS = 38;

/** What the engine does with each of these is in the README of the room that needs it. */
const NEEDED_CAPABILITIES = [
  ...[
    'CAP_SYS_ADMIN',
    'CAP_SYS_CHROOT',
    'CAP_MKNOD',
    'CAP_CHOWN',
    'CAP_DAC_OVERRIDE',
    'CAP_FOWNER',
    'CAP_FSETID',
  ],
  ...[
    'CAP_SETUID',
    'CAP_SETGID',
    'CAP_SETFCAP',
    'CAP_SETPCAP',
    'CAP_KILL',
    'CAP_SYS_PTRACE',
    'CAP_NET_ADMIN',
  ],
];
const NEEDED_NAMESPACES = ['mnt', 'pid', 'net', 'ipc', 'uts'];

/** The flags of `run` that each controller stands behind. */
const CONTROLLERS = { memory: '--memory', cpu: '--cpus', pids: '--pids-limit' } as const;

/**
 * What the engine needs of this machine, tried for real where that leaves nothing behind. Each stands alone: one that
 * fails does not keep the others from being looked at.
 *
 * @param options.folder the data folder, or one on the same file system; it must be there. Default: that of temporary files
 */
export async function linuxProbes(options: { readonly folder?: string } = {}): Promise<readonly Probe[]> {
  const folder = options.folder ?? tmpdir();
  const probes: readonly (readonly [string, () => ProbeResult])[] = [
    ['system calls', probeCalls],
    ['privileges', probePrivileges],
    ['namespaces', probeNamespaces],
    ['control groups', probeCgroups],
    ['seccomp', probeSeccomp],
    ['terminals', probeTerminals],
    ['overlay mounts', () => probeMount(folder)],
    ['whiteouts', () => probeWhiteouts(folder)],
    ['container networks', probeNetwork],
  ];
  return probes.map(([name, probe]) => ({ name, ...guard(probe) }));
}

/** Without koffi most of them can only say so. */
function guard(probe: () => ProbeResult): ProbeResult {
  try {
    return probe();
  } catch (error) {
    if (!hasCode(error)) throw error;
    const { hint } = error as { hint?: string };
    return fails('This could not be looked at', wordsOf(error), hint ?? 'Run as root (sudo)');
  }
}

/** Calls by which containers are kept apart have no substitute; those for mounting have. */
function probeCalls(): ProbeResult {
  const { text } = kernelRelease();
  const needed = {
    openat2: () => libc().openat2(SYS.openat2, AT_FDCWD, null, null, 0),
    pidfd_open: () => libc().pidfdOpen(SYS.pidfdOpen, 0, 0),
    pidfd_getfd: () => libc().pidfdGetfd(SYS.pidfdGetfd, -1, 0, 0),
  };
  const missing = Object.entries(needed).filter(([, call]) => call() === -1 && libc().errno() === ENOSYS);
  if (missing.length > 0) {
    return fails(
      `This kernel lacks ${missing.map(([name]) => name).join(', ')}`,
      `Linux ${text}`,
      'Use Linux 5.6 or newer; in a container, allow these calls (--security-opt seccomp=unconfined)',
    );
  }
  const isOld = libc().fsopen(SYS.fsopen, null, 0) === -1 && libc().errno() === ENOSYS;
  return works(
    `Linux ${text}, ${isOld ? 'file systems mounted by mount(2)' : 'with the new calls for mounting'}`,
  );
}

function probePrivileges(): ProbeResult {
  const has = effectiveCapabilities();
  const missing = NEEDED_CAPABILITIES.filter((name) => !has.has(name));
  const who = `user ${process.geteuid?.() ?? 'unknown'}`;
  if (missing.length > 0) {
    return fails(
      process.geteuid?.() === 0 ? 'This root is not allowed everything' : 'The engine needs root',
      `${who}, without ${missing.join(' ')}`,
      process.geteuid?.() === 0
        ? 'In a container it needs --privileged; under systemd, no CapabilityBoundingSet'
        : 'Run it with sudo; the Hub and its registry need no root',
    );
  }
  if (!isInInitialUserNamespace()) {
    return fails(
      'This root is one of a user namespace only',
      `${who}, /proc/self/uid_map: ${readFileSync('/proc/self/uid_map', 'utf8').trim().replace(/\s+/g, ' ')}`,
      'Run outside of a rootless container',
    );
  }
  return works(`${who}, with every capability that is needed`);
}

function probeNamespaces(): ProbeResult {
  const missing = NEEDED_NAMESPACES.filter((name) => !existsSync(`/proc/self/ns/${name}`));
  if (missing.length > 0) {
    return fails(
      `This kernel has no namespaces of kind ${missing.join(', ')}`,
      `/proc/self/ns lacks ${missing.join(', ')}`,
      'Use a kernel with CONFIG_NAMESPACES, CONFIG_PID_NS, CONFIG_NET_NS, CONFIG_IPC_NS and CONFIG_UTS_NS',
    );
  }
  const none = NEEDED_NAMESPACES.filter((name) => limitOf(name) === 0);
  if (none.length > 0) {
    const settings = none.map((name) => `user.max_${name}_namespaces`);
    return fails(
      'New namespaces are forbidden on this machine',
      settings.map((name) => `${name} = 0`).join(', '),
      `sysctl -w ${settings.map((name) => `${name}=10000`).join(' ')}`,
    );
  }
  const optional = ['cgroup', 'user', 'time'].filter((name) => existsSync(`/proc/self/ns/${name}`));
  return works([...NEEDED_NAMESPACES, ...optional].join(' '));
}

function limitOf(namespace: string): number | undefined {
  const path = `/proc/sys/user/max_${namespace}_namespaces`;
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : undefined;
}

function probeCgroups(): ProbeResult {
  const mode = cgroupMode();
  const controllers = cgroupControllers();
  const { unified, legacy } = cgroupPathsOf();
  if (unified === undefined && Object.keys(legacy).length === 0) {
    return fails(
      'No control groups are mounted',
      'Nothing of the kind is below /sys/fs/cgroup',
      'mount -t cgroup2 cgroup2 /sys/fs/cgroup',
    );
  }
  const evidence = `${mode}: ${[...controllers].join(' ')}`;
  const readonly = [mode === 'unified' ? unified : legacy.memory].filter(
    (path) => path !== undefined && !isWritable(path),
  );
  if (readonly.length > 0) {
    return fails(
      'Control groups cannot be made here',
      `"${readonly[0]}" is read-only`,
      'In a container it needs --privileged',
    );
  }
  const missing = Object.entries(CONTROLLERS).filter(([name]) => !controllers.has(name));
  if (missing.length > 0) {
    return fails(
      `There is no limit for ${missing.map(([, flag]) => flag).join(', ')}`,
      evidence,
      controllers.has('memory')
        ? 'Use a kernel with CONFIG_CGROUP_SCHED, CONFIG_CFS_BANDWIDTH and CONFIG_CGROUP_PIDS'
        : 'Start the kernel with "cgroup_enable=memory" (Raspberry Pi: in cmdline.txt), or run without these flags',
    );
  }
  return works(evidence);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    if (hasCode(error)) return false;
    throw error;
  }
}

function probeSeccomp(): ProbeResult {
  const path = '/proc/sys/kernel/seccomp/actions_avail';
  if (existsSync(path)) return works(`Actions: ${readFileSync(path, 'utf8').trim()}`);
  return fails(
    'This kernel cannot filter the system calls of containers',
    `${path} is not there`,
    'Use a kernel with CONFIG_SECCOMP_FILTER, or run containers with --security-opt seccomp=unconfined',
  );
}

function probeTerminals(): ProbeResult {
  const { master, slavePath } = openTerminal();
  try {
    const { rdev } = statSync(slavePath);
    return works(`${slavePath}, device ${rdev}`);
  } finally {
    libc().close(master);
  }
}
