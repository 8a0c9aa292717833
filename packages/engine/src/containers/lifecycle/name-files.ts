import { writeFile } from 'node:fs/promises';
import type { Networks, Sandbox } from '@berth/network';
import { containerPaths, type EnginePaths } from '../../data/paths.ts';
import type { Container } from '../container.ts';

/** Host paths of what a container gets bound over its own. */
export interface NameFilePaths {
  readonly hosts: string;
  readonly resolvConf: string;
  readonly hostname: string;
}

/** Writes `/etc/hosts`, `resolv.conf` and `hostname` anew; the folder is there. Not synced: the next start makes them again. */
export async function writeNameFiles(
  deps: { readonly networks: Networks; readonly paths: EnginePaths },
  container: Container,
  options: { readonly sandbox: Sandbox; readonly hostname: string },
): Promise<NameFilePaths> {
  const { config, hostConfig } = container.settings;
  const files = await deps.networks.nameFiles({
    hostname: options.hostname,
    ...(config.Domainname ? { domainname: config.Domainname } : {}),
    extraHosts: hostConfig.ExtraHosts ?? [],
    dns: hostConfig.Dns ?? [],
    dnsSearch: hostConfig.DnsSearch ?? [],
    dnsOptions: hostConfig.DnsOptions ?? [],
    sandbox: options.sandbox,
  });
  const paths = containerPaths(deps.paths, container.id);
  await Promise.all([
    writeFile(paths.hosts, files.hosts, { mode: 0o644 }),
    writeFile(paths.resolvConf, files.resolvConf, { mode: 0o644 }),
    writeFile(paths.hostname, files.hostname, { mode: 0o644 }),
  ]);
  return paths;
}
