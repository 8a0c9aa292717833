import { readFileSync } from 'node:fs';
import { release } from 'node:os';

export interface KernelRelease {
  /** As `uname -r` prints it. */
  readonly text: string;
  readonly major: number;
  readonly minor: number;
}

export function kernelRelease(): KernelRelease {
  const text = release();
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return { text, major: Number(major), minor: Number(minor) };
}

/** Types that the kernel can mount now. One that is a module not loaded yet is not among them. */
export function knownFileSystems(): ReadonlySet<string> {
  const lines = readFileSync('/proc/filesystems', 'utf8').split('\n');
  return new Set(lines.map((line) => line.split('\t')[1] ?? '').filter((name) => name !== ''));
}

/** Bit n of the kernel's masks is `CAPABILITIES[n]`. @see include/uapi/linux/capability.h */
const CAPABILITIES = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT ' +
  'SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP ' +
  'MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
).split(' ');

/** `CAP_SYS_ADMIN` … that this thread has in effect. */
export function effectiveCapabilities(): ReadonlySet<string> {
  const status = readFileSync('/proc/thread-self/status', 'utf8');
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return new Set(CAPABILITIES.filter((_, bit) => (mask >> BigInt(bit)) & 1n).map((name) => `CAP_${name}`));
}

/** Whether user ids here are those of the machine; not in a rootless container. */
export function isInInitialUserNamespace(): boolean {
  const lines = readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n');
  const [first, host, count] = (lines[0] ?? '').trim().split(/\s+/).map(Number);
  return lines.length === 1 && first === 0 && host === 0 && count === 4294967295;
}
