import { isIP } from 'node:net';
import type { PortRequest } from '@berth/network';
import type { ApiContainerConfig, ApiHostConfig } from '../../api/types.ts';
import { refused } from './refuse.ts';

export type Protocol = 'tcp' | 'udp' | 'sctp';

/** `80`, `80/udp`. @throws {EngineError} `CONFIG_REFUSED` */
export function parsePort(text: string): { readonly port: number; readonly protocol: Protocol } {
  const [number = '', protocol = 'tcp', ...rest] = text.split('/');
  const port = portNumber(number);
  const lower = protocol.toLowerCase() || 'tcp';
  if (port === undefined || port === 0 || rest.length > 0) throw invalidPort(text);
  if (lower !== 'tcp' && lower !== 'udp' && lower !== 'sctp') throw invalidPort(text);
  return { port, protocol: lower };
}

/** Every `ExposedPorts` key in its one spelling, in order of number. A range `8000-8002/tcp` gives each. */
export function exposedPorts(config: Pick<ApiContainerConfig, 'ExposedPorts'>): readonly string[] {
  const ports = Object.keys(config.ExposedPorts ?? {}).flatMap((text) => {
    const [numbers = '', protocol = 'tcp'] = text.split('/');
    const [first = '', last = first] = numbers.split('-');
    const from = parsePort(`${first}/${protocol}`);
    const to = parsePort(`${last}/${protocol}`);
    if (to.port < from.port) throw invalidPort(text);
    return Array.from({ length: to.port - from.port + 1 }, (_, at) => `${from.port + at}/${from.protocol}`);
  });
  return [...new Set(ports)].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

/**
 * What is to be published: the bindings, and with `PublishAllPorts` every exposed port without one.
 * @throws {EngineError} `CONFIG_REFUSED`
 */
export function portRequests(
  config: Pick<ApiContainerConfig, 'ExposedPorts'>,
  host: Pick<ApiHostConfig, 'PortBindings' | 'PublishAllPorts'>,
): readonly PortRequest[] {
  const requests: PortRequest[] = [];
  const bound = new Set<string>();
  for (const [key, bindings] of Object.entries(host.PortBindings ?? {})) {
    const { port, protocol } = parsePort(key);
    for (const { HostIp = '', HostPort = '' } of bindings ?? []) {
      bound.add(`${port}/${protocol}`);
      requests.push({ containerPort: port, protocol, ...hostAddress(HostIp), ...hostPort(HostPort) });
    }
  }
  if (host.PublishAllPorts === true) {
    for (const key of exposedPorts(config)) {
      const { port, protocol } = parsePort(key);
      if (!bound.has(key)) requests.push({ containerPort: port, protocol });
    }
  }
  return requests;
}

function hostAddress(text: string): { hostAddress?: string } {
  // Docker's client writes "::" for `[::]`, and the empty text or 0.0.0.0 for "everywhere".
  if (text === '') return {};
  if (isIP(text) === 0) throw refused(`invalid IP address: ${text}`);
  return { hostAddress: text };
}

function hostPort(text: string): { hostPort?: number | readonly [number, number] } {
  if (text === '' || text === '0') return {};
  const [first = '', last, ...rest] = text.split('-');
  const from = portNumber(first);
  const to = last === undefined ? from : portNumber(last);
  if (from === undefined || to === undefined || to < from || rest.length > 0) throw invalidPort(text);
  return { hostPort: from === to ? from : [from, to] };
}

function portNumber(text: string): number | undefined {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return number <= 65_535 ? number : undefined;
}

function invalidPort(text: string): Error {
  return refused(`invalid port specification: "${text}"`);
}
