import { isIP } from 'node:net';
import type { ApiPortBinding } from '@berth/engine';
import { csv } from './mount.ts';

export interface PublishedPorts {
  /** `80/tcp`. */
  readonly exposed: Readonly<Record<string, object>>;
  readonly bindings: Readonly<Record<string, readonly ApiPortBinding[]>>;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * `-p` and `--expose` as the API takes them: `80`, `8080:80`, `127.0.0.1:8080:80/udp`, `[::1]::80`, ranges of equal length, and a range
 * outside for one port inside, of which one is chosen. The long form `target=80,published=8080` too.
 *
 * @throws {Error} in docker's words
 */
export function publishedPorts(published: readonly string[], exposes: readonly string[]): PublishedPorts {
  const exposed: Record<string, object> = {};
  const bindings: Record<string, ApiPortBinding[]> = {};
  for (const given of published) {
    for (const [port, binding] of parsePublish(given.includes('=') ? shortForm(given) : given)) {
      exposed[port] = {};
      bindings[port] = [...(bindings[port] ?? []), binding];
    }
  }
  for (const given of exposes) {
    if (given.includes(':')) throw new Error(`invalid port format for --expose: ${given}`);
    const [ports = '', protocol = 'tcp'] = given.split('/');
    const range = readRange(ports);
    if (range === undefined)
      throw new Error(`invalid range format for --expose: ${given}, error: invalid start port '${ports}'`);
    for (let port = range.start; port <= range.end; port += 1)
      exposed[`${port}/${protocol.toLowerCase()}`] = {};
  }
  return { exposed, bindings };
}

function parsePublish(given: string): readonly (readonly [string, ApiPortBinding])[] {
  const [address = '', protocol = 'tcp', ...more] = given.split('/');
  if (more.length > 0) throw new Error(`invalid containerPort: ${given}`);
  const { ip, outside, inside } = split(address);
  const HostIp = ip.replace(/^\[(.*)\]$/, '$1');
  if (HostIp !== '' && isIP(HostIp) === 0) throw new Error(`invalid IP address: ${ip}`);
  if (inside === '') throw new Error(`no port specified: ${given}<empty>`);
  const insideRange = readRange(inside);
  if (insideRange === undefined) throw new Error(`invalid containerPort: ${inside}`);
  const outsideRange = outside === '' ? undefined : readRange(outside);
  if (outside !== '' && outsideRange === undefined) throw new Error(`invalid hostPort: ${outside}`);
  if (!['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase())) throw new Error(`invalid proto: ${protocol}`);
  const count = insideRange.end - insideRange.start;
  const isChoice = outsideRange !== undefined && count === 0 && outsideRange.end !== outsideRange.start;
  if (outsideRange !== undefined && !isChoice && outsideRange.end - outsideRange.start !== count) {
    throw new Error(`invalid ranges specified for container and host Ports: ${inside} and ${outside}`);
  }
  return Array.from({ length: count + 1 }, (_, at) => {
    const HostPort = isChoice ? outside : outsideRange === undefined ? '' : String(outsideRange.start + at);
    return [`${insideRange.start + at}/${protocol.toLowerCase()}`, { HostIp, HostPort }] as const;
  });
}

/** An address of IPv6 has colons of its own. */
function split(address: string): { readonly ip: string; readonly outside: string; readonly inside: string } {
  const parts = address.split(':');
  const inside = parts.pop() ?? '';
  const outside = parts.pop() ?? '';
  return { ip: parts.join(':'), outside, inside };
}

function readRange(text: string): Range | undefined {
  const match = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const [start, end] = [Number(match[1]), Number(match[2] ?? match[1])];
  return end <= 65535 && start <= end ? { start, end } : undefined;
}

function shortForm(given: string): string {
  const fields = Object.fromEntries(csv(given).map((field) => field.split('=', 2)));
  const { target = '', published = '', protocol = 'tcp', mode = 'ingress', ...unknown } = fields;
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined) throw new Error(`invalid field key: ${stranger}`);
  if (mode !== 'ingress' && mode !== 'host') throw new Error(`invalid publish mode: ${mode}`);
  return `${published}:${target}/${protocol}`;
}
