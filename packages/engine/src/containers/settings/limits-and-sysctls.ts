import type { ApiHostConfig } from '../../api/types.ts';
import { refused } from './refuse.ts';

const ULIMITS: readonly string[] = [
  'as',
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
];

/** For the runtime: `RLIMIT_NOFILE` … @throws {EngineError} `CONFIG_REFUSED` */
export function rlimits(
  ulimits: ApiHostConfig['Ulimits'],
): readonly { readonly type: string; readonly hard: number; readonly soft: number }[] {
  return (ulimits ?? []).map(({ Name, Hard, Soft }) => {
    if (!ULIMITS.includes(Name)) throw refused(`invalid ulimit type: ${Name}`);
    if (!Number.isInteger(Hard) || !Number.isInteger(Soft) || Hard < -1 || Soft < -1) {
      throw refused(`invalid ulimit argument: ${Name}=${Soft}:${Hard}`);
    }
    if (Hard !== -1 && (Soft === -1 || Soft > Hard)) {
      throw refused(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
    }
    return { type: `RLIMIT_${Name.toUpperCase()}`, hard: Hard, soft: Soft };
  });
}

/** Those that the kernel keeps per IPC namespace. @see namespaces(7) */
const IPC_SYSCTLS = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
]);

/** Only what belongs to a namespace of the container: anything else would change the machine. */
export function validateSysctls(host: ApiHostConfig): void {
  const hostNetwork = host.NetworkMode === 'host';
  const hostIpc = host.IpcMode === 'host';
  for (const name of Object.keys(host.Sysctls ?? {})) {
    const isIpc = IPC_SYSCTLS.has(name) || name.startsWith('fs.mqueue.');
    const isNetwork = name.startsWith('net.');
    if (!isIpc && !isNetwork) throw refused(`sysctl '${name}' is not allowed: it is not of a namespace`);
    if (!/^[a-z0-9_.\-/]+$/i.test(name)) throw refused(`sysctl '${name}' is not allowed`);
    if (isNetwork && hostNetwork) throw refused(`sysctl '${name}' not allowed in host network namespace`);
    if (isIpc && hostIpc) throw refused(`sysctl '${name}' not allowed in host ipc namespace`);
  }
}
