import type { Sandbox } from '@berth/network';
import type { ApiNetworkSettings, ApiPortBinding } from '../../api/types.ts';
import type { Container } from '../container.ts';
import { containerOfMode, networkName } from '../settings/modes.ts';
import { exposedPorts } from '../settings/ports.ts';

/** What the client sees as `NetworkSettings`: addresses while it runs, and the network it is in always. */
export function networkSettings(
  container: Container,
  networkIdOf: (name: string) => string,
): ApiNetworkSettings {
  const { sandbox } = container;
  const endpoint = sandbox?.endpoint;
  const isDefault = endpoint !== undefined && endpoint.networkName === 'bridge';
  return {
    Bridge: '',
    SandboxID: sandbox === undefined ? '' : container.id,
    SandboxKey: sandbox === undefined || sandbox.namespacePath === 'host' ? '' : sandbox.namespacePath,
    Ports: sandbox === undefined ? {} : portMap(container, sandbox),
    EndpointID: isDefault ? endpoint.endpointId : '',
    Gateway: isDefault ? endpoint.gateway : '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    IPAddress: isDefault ? endpoint.address : '',
    IPPrefixLen: isDefault ? endpoint.prefixLength : 0,
    IPv6Gateway: '',
    MacAddress: isDefault ? endpoint.macAddress : '',
    Networks: networksOf(container, networkIdOf),
  };
}

/** Exposed ports that are not published are there with `null`. */
function portMap(container: Container, sandbox: Sandbox): Record<string, readonly ApiPortBinding[] | null> {
  const ports: Record<string, ApiPortBinding[] | null> = {};
  if (sandbox.endpoint === undefined) return ports;
  for (const port of exposedPorts(container.settings.config)) ports[port] = null;
  for (const { containerPort, protocol, hostAddress, hostPort } of sandbox.ports) {
    const key = `${containerPort}/${protocol}`;
    const bindings = ports[key] ?? [];
    bindings.push({ HostIp: hostAddress, HostPort: String(hostPort) });
    ports[key] = bindings;
  }
  return ports;
}

export function networksOf(
  container: Container,
  networkIdOf: (name: string) => string,
): Record<string, Record<string, unknown>> {
  const { hostConfig, macAddress } = container.settings;
  if (containerOfMode(hostConfig.NetworkMode) !== undefined) return {};
  const name = networkName(hostConfig.NetworkMode);
  const endpoint = container.sandbox?.endpoint;
  return {
    [name]: {
      IPAMConfig: null,
      Links: null,
      Aliases: null,
      MacAddress: endpoint?.macAddress ?? macAddress ?? '',
      DriverOpts: null,
      GwPriority: 0,
      NetworkID: endpoint?.networkId ?? (container.sandbox === undefined ? '' : networkIdOf(name)),
      EndpointID: endpoint?.endpointId ?? '',
      Gateway: endpoint?.gateway ?? '',
      IPAddress: endpoint?.address ?? '',
      IPPrefixLen: endpoint?.prefixLength ?? 0,
      IPv6Gateway: '',
      GlobalIPv6Address: '',
      GlobalIPv6PrefixLen: 0,
      DNSNames: null,
    },
  };
}
