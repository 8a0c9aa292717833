import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { HubError } from '../errors.ts';

/** Which peers are proxies of ours. @throws {HubError} `PROXY_INVALID` */
export function parseTrustedProxies(list: readonly string[]): (address: string) => boolean {
  const proxies = new BlockList();
  for (const entry of list) addProxy(proxies, entry);
  return (address) =>
    list.length > 0 && isIP(address) !== 0 && proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function addProxy(proxies: BlockList, entry: string): void {
  const [address = '', prefix, ...rest] = entry.split('/');
  const family = isIP(address);
  const bits = prefix === undefined ? undefined : /^[0-9]{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  const isWrong = bits !== undefined && !(bits <= (family === 6 ? 128 : 32));
  if (family === 0 || rest.length > 0 || isWrong) {
    throw new HubError('PROXY_INVALID', `Cannot trust proxy "${entry}": expected an address or a network`, {
      hint: 'Write BERTH_TRUSTED_PROXIES like 10.0.0.0/8,::1',
    });
  }
  const type = family === 6 ? 'ipv6' : 'ipv4';
  if (bits === undefined) proxies.addAddress(address, type);
  else proxies.addSubnet(address, bits, type);
}

export interface Peer {
  /** Of the socket. */
  readonly address: string;
  readonly protocol: 'http' | 'https';
}

export interface Origin {
  /** Of the client, as far as trusted proxies tell. */
  readonly remoteAddress: string;
  readonly protocol: 'http' | 'https';
  readonly host: string | undefined;
  /** Whether `host` was said by a trusted proxy. */
  readonly isHostTrusted: boolean;
}

interface Hop {
  readonly for?: string | undefined;
  readonly proto?: string | undefined;
  readonly host?: string | undefined;
}

/**
 * Who is calling, by which name. Headers of strangers are not looked at. The chain is read from its near end: the
 * first address that is no proxy of ours is the client, and nothing that was written before it counts.
 *
 * @see RFC 7239 for `Forwarded`; `X-Forwarded-*` wins where both are there, since proxies that write the one
 *   often pass the other on as the client sent it
 */
export function originOf(
  headers: IncomingHttpHeaders,
  options: { peer: Peer; isTrusted: (address: string) => boolean },
): Origin {
  const { peer, isTrusted } = options;
  const address = plainAddress(peer.address);
  const direct = {
    remoteAddress: address,
    protocol: peer.protocol,
    host: headers.host,
    isHostTrusted: false,
  };
  if (!isTrusted(address)) return direct;
  const hops = xForwarded(headers) ?? forwarded(headers);
  if (hops === undefined) return direct;
  let client: string = address;
  const believed: Hop[] = [];
  for (const hop of hops.toReversed()) {
    believed.unshift(hop);
    if (hop.for === undefined) break;
    client = hop.for;
    if (!isTrusted(client)) break;
  }
  const proto = believed.find((hop) => hop.proto !== undefined)?.proto?.toLowerCase();
  const host = believed.find((hop) => hop.host !== undefined)?.host;
  return {
    remoteAddress: client,
    protocol: proto === 'https' || proto === 'http' ? proto : peer.protocol,
    host: host ?? headers.host,
    isHostTrusted: true,
  };
}

/** Proxies that append do so to each list, so the lists are laid side by side from their near ends. */
function xForwarded(headers: IncomingHttpHeaders): Hop[] | undefined {
  const addresses = listOf(headers['x-forwarded-for']);
  const protos = listOf(headers['x-forwarded-proto']);
  const hosts = listOf(headers['x-forwarded-host']);
  if (addresses.length + protos.length + hosts.length === 0) return undefined;
  // Without any address there is one hop: the proxy that speaks.
  const count = Math.max(1, addresses.length);
  return Array.from({ length: count }, (_, index) => {
    const fromEnd = index - count;
    return { for: nodeAddress(addresses.at(fromEnd)), proto: protos.at(fromEnd), host: hosts.at(fromEnd) };
  });
}

function forwarded(headers: IncomingHttpHeaders): Hop[] | undefined {
  const { forwarded: value } = headers;
  if (value === undefined) return undefined;
  return value.split(',').map((element) => {
    const pairs = new Map<string, string>();
    for (const [, key = '', quoted, token] of element.matchAll(/([a-z]+)=(?:"([^"]*)"|([^;,\s"]*))/gi)) {
      pairs.set(key.toLowerCase(), quoted ?? token ?? '');
    }
    return { for: nodeAddress(pairs.get('for')), proto: pairs.get('proto'), host: pairs.get('host') };
  });
}

function listOf(value: string | string[] | undefined): string[] {
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** `192.0.2.1:4711`, `[2001:db8::1]:4711` and plain addresses; anything else (`unknown`, `_hidden`) is nobody. */
function nodeAddress(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const address = plainAddress(
    /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text,
  );
  return isIP(address) === 0 ? undefined : address;
}

/** IPv4 as an IPv6 socket reports it becomes IPv4 again. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
