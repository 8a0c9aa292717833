import type { NetworkInfo } from '@berth/network';
import type { ApiFilters } from '../../api/types.ts';
import { EngineError } from '../../errors.ts';
import type { Engine } from '../../interface.ts';
import type { Answer } from '../server/route.ts';

export const listNetworks: Answer = async ({ engine }, exchange) => {
  const filters = exchange.query.filters();
  const networks = await engine.networks.list();
  const chosen = networks.filter((network) => isWanted(network, filters));
  exchange.sendJson(
    200,
    chosen.map((network) => apiNetwork(network, {})),
  );
};

export const inspectNetwork: Answer = async ({ engine }, exchange) => {
  const network = await needNetwork(engine, exchange.name);
  const containers = await endpointsIn(engine, network);
  exchange.sendJson(200, { ...apiNetwork(network, containers), ConfigOnly: false });
};

export const removeNetwork: Answer = async ({ engine }, exchange) => {
  const { name } = await needNetwork(engine, exchange.name);
  throw new EngineError('PREDEFINED_NETWORK', `${name} is a pre-defined network and cannot be removed`);
};

/** There are only the three that cannot be removed. */
export const pruneNetworks: Answer = (_services, exchange) => {
  exchange.query.filters();
  exchange.sendJson(200, { NetworksDeleted: null });
};

export const networksComeLater: Answer = () => {
  throw new EngineError('NOT_IMPLEMENTED', 'user-defined networks are not supported yet', {
    hint: 'there are "bridge", "host", "none" and "container:<name>"',
  });
};

async function needNetwork(engine: Engine, name: string): Promise<NetworkInfo> {
  const network = await engine.networks.find(name);
  if (network === undefined) throw new EngineError('NETWORK_UNKNOWN', `network ${name} not found`);
  return network;
}

function apiNetwork(
  network: NetworkInfo,
  containers: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { id, name, driver, subnet, gateway, interfaceName, createdAt } = network;
  const config =
    subnet === undefined ? [] : [{ Subnet: subnet, ...(gateway === undefined ? {} : { Gateway: gateway }) }];
  return {
    Name: name,
    Id: id,
    Created: createdAt.toISOString(),
    Scope: 'local',
    Driver: driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: config },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: containers,
    Options: interfaceName === undefined ? {} : { 'com.docker.network.bridge.name': interfaceName },
    Labels: {},
  };
}

/** The map of who is in it, as `docker network inspect` shows it. */
async function endpointsIn(engine: Engine, network: NetworkInfo): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const { Id, Names, NetworkSettings } of await engine.containers.list()) {
    const endpoint = NetworkSettings.Networks[network.name];
    if (endpoint === undefined) continue;
    const { EndpointID = '', MacAddress = '', IPAddress = '', IPPrefixLen = 0 } = endpoint;
    found[Id] = {
      Name: Names[0]?.replace(/^\//, '') ?? '',
      EndpointID,
      MacAddress,
      IPv4Address: IPAddress === '' ? '' : `${String(IPAddress)}/${String(IPPrefixLen)}`,
      IPv6Address: '',
    };
  }
  return found;
}

const KNOWN_FILTERS = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'] as const;

function isWanted(network: NetworkInfo, filters: ApiFilters): boolean {
  for (const [name, values] of Object.entries(filters)) {
    const known = KNOWN_FILTERS.find((one) => one === name);
    if (known === undefined) throw new EngineError('FILTER_INVALID', `invalid filter '${name}'`);
    if (values.length > 0 && !values.some((value) => fits(network, known, value))) return false;
  }
  return true;
}

function fits(network: NetworkInfo, filter: (typeof KNOWN_FILTERS)[number], value: string): boolean {
  switch (filter) {
    case 'driver':
      return network.driver === value;
    case 'id':
      return network.id.startsWith(value);
    case 'name':
      return network.name.includes(value);
    case 'scope':
      return value === 'local';
    case 'type':
      return value === 'builtin';
    // None of the three has labels or counts as dangling.
    case 'label':
      return false;
    case 'dangling':
      return ['0', 'false'].includes(value);
    default:
      throw new Error(`No filter ${filter satisfies never}`);
  }
}
