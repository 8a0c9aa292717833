import { isIP } from 'node:net';
import { NetworkError } from '../errors.ts';
import { assertNames } from './assert-name.ts';

/** What every container begins with, as Docker writes it. */
const DEFAULT_LINES = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
] as const;

export interface HostsOptions {
  readonly hostname: string;
  readonly domainname: string | undefined;
  /** The container's own address, if it has one. */
  readonly address: string | undefined;
  /** `name:address`, `name=address`; the address may be `host-gateway`. */
  readonly extraHosts: readonly string[];
  /** What `host-gateway` stands for. */
  readonly hostGateway: string | undefined;
  /** The machine's own file, for containers in the machine's own network. */
  readonly machine?: string;
}

/** Text of `/etc/hosts`. @throws {NetworkError} `ADDRESS_INVALID` for an extra host without a readable address */
export function hostsText(options: HostsOptions): string {
  const extra = options.extraHosts.map((host) => extraLine(host, options.hostGateway));
  if (options.machine !== undefined) {
    const machine =
      options.machine === '' || options.machine.endsWith('\n') ? options.machine : `${options.machine}\n`;
    return machine + extra.map((line) => `${line}\n`).join('');
  }
  const names = [
    ...(options.domainname === undefined || options.domainname === ''
      ? []
      : [`${options.hostname}.${options.domainname}`]),
    options.hostname,
  ];
  assertNames('host name', names);
  const own = options.address === undefined ? [] : [`${options.address}\t${names.join(' ')}`];
  return `${[...DEFAULT_LINES, ...extra, ...own].join('\n')}\n`;
}

function extraLine(host: string, hostGateway: string | undefined): string {
  const match = /^([^\s:=]+)[:=](.+)$/.exec(host);
  const [name, value] = [match?.[1], match?.[2]?.replace(/^\[(.*)\]$/, '$1')];
  const address = value === 'host-gateway' ? hostGateway : value;
  if (name !== undefined && address !== undefined && isIP(address) !== 0) return `${address}\t${name}`;
  throw new NetworkError('ADDRESS_INVALID', `Cannot add host "${host}": expected a name and an IP address`, {
    hint: 'Write it like db:10.0.0.5 or machine:host-gateway',
  });
}
