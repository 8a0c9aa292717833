import type { NameFiles, NameFilesOptions } from '../interface.ts';
import { readIfThere } from '../state/durable-file.ts';
import { hostsText } from './hosts.ts';
import { containerResolvConf, machineResolvConf } from './resolv-conf.ts';

/** Where the machine keeps what containers get a version of. */
export const MACHINE_FILES = {
  hosts: '/etc/hosts',
  resolvConf: '/etc/resolv.conf',
  /** The servers behind 127.0.0.53, written by systemd-resolved. */
  behindStub: '/run/systemd/resolve/resolv.conf',
} as const;

export async function makeNameFiles(
  options: NameFilesOptions,
  machine: { readonly hostGateway: string },
): Promise<NameFiles> {
  const isHost = options.sandbox.namespacePath === 'host';
  const [hosts, resolvConf, behindStub] = await Promise.all([
    isHost ? readIfThere(MACHINE_FILES.hosts) : undefined,
    readIfThere(MACHINE_FILES.resolvConf),
    readIfThere(MACHINE_FILES.behindStub),
  ]);
  const servers = { ...options, machine: resolvConf ?? '', behindStub };
  return {
    hosts: hostsText({
      hostname: options.hostname,
      domainname: options.domainname,
      address: options.sandbox.endpoint?.address,
      extraHosts: options.extraHosts,
      hostGateway: machine.hostGateway,
      ...(isHost ? { machine: hosts ?? '' } : {}),
    }),
    resolvConf: isHost ? machineResolvConf(servers) : containerResolvConf(servers),
    hostname: `${options.hostname}\n`,
  };
}
