import { isIP, isIPv4 } from 'node:net';
import { NetworkError } from '../errors.ts';
import { assertNames } from './assert-name.ts';

export interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** resolv.conf(5): the last `search` or `domain` counts, `options` add up. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  const options: string[] = [];
  let search: readonly string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/^[#;].*/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && values[0] !== undefined) nameservers.push(values[0]);
    if (keyword === 'search') search = values;
    if (keyword === 'domain') search = values.slice(0, 1);
    if (keyword === 'options') options.push(...values);
  }
  return { nameservers, search, options };
}

/** Nobody inside a container's network answers there: 127.0.0.53 of systemd-resolved, a dnsmasq of the machine, `::1`. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
}

export interface ContainerResolvConfOptions {
  /** Text of the machine's `/etc/resolv.conf`. */
  readonly machine: string;
  /** Text of `/run/systemd/resolve/resolv.conf`, where there is one: the servers behind 127.0.0.53. */
  readonly behindStub: string | undefined;
  /** What was asked for; each replaces the machine's when it is not empty. */
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
}

/** Docker's, for machines that name no server but themselves. */
export const FALLBACK_NAMESERVERS = ['8.8.8.8', '8.8.4.4'] as const;

/**
 * What a container with an IPv4 address of its own can use.
 *
 * @throws {NetworkError} `ADDRESS_INVALID` for a server, `NAME_INVALID` for a domain or option
 */
export function containerResolvConf(options: ContainerResolvConfOptions): string {
  assertAsked(options);
  const named = parseResolvConf(options.machine);
  const onlyStub = named.nameservers.length > 0 && named.nameservers.every(isLoopback);
  const machine = onlyStub && options.behindStub !== undefined ? parseResolvConf(options.behindStub) : named;
  // Without an IPv6 address of its own a container reaches no server of IPv6.
  const reachable = machine.nameservers.filter((server) => isIPv4(server) && !isLoopback(server));
  const notes: string[] = [];
  let nameservers = options.dns;
  if (nameservers.length === 0) nameservers = reachable;
  if (nameservers.length === 0) {
    nameservers = FALLBACK_NAMESERVERS;
    notes.push(
      "# The machine's own resolv.conf names no server that a container can reach; --dns sets another.",
    );
  }
  return format({
    notes,
    nameservers,
    search: options.dnsSearch.length === 0 ? machine.search : options.dnsSearch,
    options: options.dnsOptions.length === 0 ? machine.options : options.dnsOptions,
  });
}

/** With the machine's own network its own file is right as it is, 127.0.0.53 too. */
export function machineResolvConf(options: ContainerResolvConfOptions): string {
  if (options.dns.length + options.dnsSearch.length + options.dnsOptions.length === 0) return options.machine;
  assertAsked(options);
  const machine = parseResolvConf(options.machine);
  return format({
    notes: [],
    nameservers: options.dns.length === 0 ? machine.nameservers : options.dns,
    search: options.dnsSearch.length === 0 ? machine.search : options.dnsSearch,
    options: options.dnsOptions.length === 0 ? machine.options : options.dnsOptions,
  });
}

function assertAsked({ dns, dnsSearch, dnsOptions }: ContainerResolvConfOptions): void {
  const bad = dns.find((server) => !isServer(server));
  if (bad !== undefined) {
    throw new NetworkError('ADDRESS_INVALID', `Cannot use DNS server "${bad}": it is not an IP address`);
  }
  assertNames('search domain', dnsSearch);
  // One value may hold several options.
  assertNames(
    'resolver option',
    dnsOptions.map((option) => option.replaceAll(' ', '')),
  );
}

/** An IPv6 address may have a zone. */
function isServer(address: string): boolean {
  return isIP(address.replace(/%[^\s%]+$/, '')) !== 0;
}

function format(file: ResolvConf & { readonly notes: readonly string[] }): string {
  // `--dns-search .` means none.
  const search = file.search.filter((domain) => domain !== '.');
  const lines = [
    '# Made by Berth for this container.',
    ...file.notes,
    ...file.nameservers.filter(isServer).map((server) => `nameserver ${server}`),
    ...(search.length === 0 ? [] : [`search ${search.join(' ')}`]),
    ...(file.options.length === 0 ? [] : [`options ${file.options.join(' ')}`]),
  ];
  return `${lines.join('\n')}\n`;
}
