import { hostname, networkInterfaces } from 'node:os';
import { HubError } from '../errors.ts';
import { formatAddress, isLoopback, isWildcard, type ListenAddress } from './address.ts';
import type { Origin } from './proxies.ts';

/**
 * Under which URL the caller reaches the Hub: what the token realm, `Location` and links are built from.
 *
 * With a configured URL always that one. Without it the caller's own `Host` is echoed, but only when it is known
 * to mean us: loopback names, the listen address, this machine's names and addresses when listening on all of
 * them, or a name told by a trusted proxy. Anything else is refused, so that no page of a stranger can lead a
 * browser here under a name of its own (DNS rebinding) and no token is asked for at a host that the caller made up.
 */
export class BaseUrls {
  readonly #url: string | undefined;
  readonly #address: ListenAddress;
  readonly #names: ReadonlySet<string>;
  /** The answer to the last caller's host: most come by the same name. */
  #last: { readonly host: string; readonly protocol: string; readonly url: string } | undefined;

  constructor(options: { readonly url?: string | undefined; readonly address: ListenAddress }) {
    this.#url = options.url?.replace(/\/$/, '');
    this.#address = options.address;
    this.#names = ownNames(options);
  }

  /** @throws {HubError} `HOST_UNKNOWN` */
  of(origin: Origin): string {
    const { protocol, host, isHostTrusted } = origin;
    if (host === undefined || isHostTrusted) return this.#find(origin);
    if (this.#last?.host === host && this.#last.protocol === protocol) return this.#last.url;
    this.#last = { host, protocol, url: this.#find(origin) };
    return this.#last.url;
  }

  #find({ protocol, host, isHostTrusted }: Origin): string {
    if (host !== undefined && !isHostTrusted && !this.#isOwn(host)) throw unknownHost(host);
    if (this.#url !== undefined) return this.#url;
    if (host === undefined) return `${protocol}://${formatAddress(this.#address)}`;
    if (!HOST.test(host)) throw unknownHost(host);
    return `${protocol}://${host.toLowerCase()}`;
  }

  #isOwn(host: string): boolean {
    const name = hostName(host);
    return name !== undefined && (isLoopback(name) || this.#names.has(name));
  }
}

const HOST = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?$/i;

function hostName(host: string): string | undefined {
  const match = HOST.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

/** The names and addresses that mean this Hub, loopback apart. */
export function ownNames({
  url,
  address,
}: {
  url?: string | undefined;
  address: ListenAddress;
}): Set<string> {
  const names = new Set<string>();
  const configured = url === undefined ? undefined : hostName(new URL(url).host);
  if (configured !== undefined) names.add(configured);
  if (!isWildcard(address.host)) return names.add(address.host.toLowerCase());
  names.add(hostname().toLowerCase());
  for (const entries of Object.values(networkInterfaces())) {
    for (const { address: own } of entries ?? []) names.add(own.toLowerCase());
  }
  return names;
}

function unknownHost(host: string): HubError {
  const shown = host.length > 80 ? `${host.slice(0, 80)}…` : host;
  return new HubError(
    'HOST_UNKNOWN',
    `Cannot answer for host "${shown}": the Hub does not know that name to be its own`,
    {
      hint: 'Set BERTH_HUB_URL to the address that others use, or BERTH_TRUSTED_PROXIES to the proxy before the Hub',
    },
  );
}
