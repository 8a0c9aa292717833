/**
 * Networks of containers: a namespace with an address, published ports, names.
 *
 * Terms
 * - *network*: `bridge` (the default: a Linux bridge and addresses of its own), `host`, `none`; user-defined bridges come later
 *   and are rows of the same kind.
 * - *sandbox*: the network namespace of one container, as a file that runtimes enter; with `container:<id>` several
 *   containers are in one.
 * - *endpoint*: a sandbox's place in a network: interface, address, published ports.
 *
 * Invariants
 * - All rules are in one nftables table, `ip` and the bridge's name; each change is one transaction, and whenever it does
 *   not fit what is there the whole table is replaced: after a crash or somebody's `nft flush ruleset` the next look or
 *   `restore` makes it right. No process per port.
 * - A published port answers from other machines, from the machine's own addresses, from loopback, and from containers; on
 *   a machine whose FORWARD policy is DROP as well (iptables-nft or -legacy chains of others get one accepting rule for
 *   our bridge: `DOCKER-USER` where it exists, else at the head of FORWARD; taken away with the bridge).
 *   IPv4 is the kernel's alone and answers on while no engine runs. IPv6, `::1` too, is passed on by the socket that holds
 *   the port, since containers have IPv4 addresses and no rule leads from one family to the other.
 * - Ports: a port that a process of the machine has is refused with that process; `0` or none gives a free one of the
 *   ephemeral range; a published port is held (a bound socket) as long as it is published, so that nobody else takes it.
 * - What exists is compared with what is known when it opens; leftovers (interfaces, namespaces, rules) are taken away.
 */

import type { NetworkStep } from './steps.ts';

export interface PortRequest {
  /** 1–65535. */
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** Default: all addresses, IPv4 and IPv6 (of SCTP: IPv4), which gives two published ports, `0.0.0.0` and `::`. */
  readonly hostAddress?: string;
  /** `undefined`: any free one. A range gives the first free port in it. */
  readonly hostPort?: number | readonly [first: number, last: number];
}

export interface PublishedPort {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly hostAddress: string;
  readonly hostPort: number;
}

export interface NetworkInfo {
  readonly id: string;
  readonly name: string;
  readonly driver: 'bridge' | 'host' | 'null';
  readonly subnet: string | undefined;
  readonly gateway: string | undefined;
  /** Name of the bridge's interface. */
  readonly interfaceName: string | undefined;
  readonly createdAt: Date;
}

export interface Endpoint {
  readonly networkId: string;
  readonly networkName: string;
  readonly endpointId: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly gateway: string;
  readonly macAddress: string;
}

export interface Sandbox {
  /** What the runtime enters; `host` for the machine's own. */
  readonly namespacePath: string | 'host';
  readonly endpoint: Endpoint | undefined;
  readonly ports: readonly PublishedPort[];
}

export interface SandboxOptions {
  /** `bridge`, `host`, `none` or the name of a network. */
  readonly network: string;
  readonly ports: readonly PortRequest[];
  readonly macAddress?: string;
  readonly signal?: AbortSignal;
}

/** The files that a container gets bound over its own. Text, ready to be written. */
export interface NameFiles {
  readonly hosts: string;
  readonly resolvConf: string;
  readonly hostname: string;
}

export interface NameFilesOptions {
  readonly hostname: string;
  readonly domainname?: string;
  /** `host:address`; `host-gateway` for the machine. */
  readonly extraHosts: readonly string[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly sandbox: Sandbox;
}

/** Disposing with containers leaves them connected; without, bridge, rules and settings go, and the machine is as it was. */
export interface Networks extends AsyncDisposable {
  list(): Promise<readonly NetworkInfo[]>;
  /** By name, id or a beginning of the id. */
  find(nameOrId: string): Promise<NetworkInfo | undefined>;

  /**
   * Makes namespace, interface, address and ports of one container, all or nothing, also after an abort.
   * Called again for the same id it gives a new one, and the old one is gone.
   *
   * @throws {NetworkError} `PORT_TAKEN` (`detail.holder` is `{ kind: 'process', pid, name }` or `{ kind: 'container', id }`, where
   *   it is known), `PORT_RANGE_TAKEN`, `PORT_NOT_ALLOWED`, `PORT_INVALID`, `ADDRESS_NOT_HERE` (host address), `ADDRESS_INVALID`,
   *   `ADDRESSES_EXHAUSTED`, `NETWORK_UNKNOWN`, `BRIDGE_NAME_TAKEN`, `KERNEL_REFUSED`, `CLOSED`
   */
  createSandbox(containerId: string, options: SandboxOptions): Promise<Sandbox>;
  /** What a container has now, also after a restart of the engine. */
  sandbox(containerId: string): Promise<Sandbox | undefined>;
  /** Its ports are free and its namespace has no name when it resolves; the kernel takes the interfaces a moment later. Idempotent. */
  removeSandbox(containerId: string): Promise<void>;
  /** Takes away what belongs to none of these, and puts right what they lack (rules, held ports). @returns what was removed, one line each */
  restore(containerIds: readonly string[]): Promise<readonly string[]>;
  /**
   * `/etc/hosts`, `resolv.conf` (never 127.0.0.53: the servers behind it), `hostname`.
   *
   * @throws {NetworkError} `ADDRESS_INVALID`, `NAME_INVALID`
   */
  nameFiles(options: NameFilesOptions): Promise<NameFiles>;
  /** What is different on this machine because of these networks now, a sentence each; nothing without a bridge. */
  footprint(): Promise<readonly string[]>;
}

export interface OpenNetworksOptions {
  /** Ids and subnet: `networks.json`, synced. */
  readonly stateRoot: string;
  /** Namespaces in `netns/`, records of sandboxes in `sandboxes/`: what is only true until the next boot. A tmpfs is best. */
  readonly runRoot: string;
  /** Default `berth0`. */
  readonly bridgeName?: string;
  /** Default: the first of 172.17.0.0/16 … 172.31.0.0/16, 192.168.0.0/20 … that no route of the machine touches. */
  readonly subnet?: string;
  /** What went wrong where nobody waits; also `RULES_CHANGED`, when somebody's change of the firewall was put right. */
  readonly onFault?: (error: unknown, what: string) => void;
  /** Called at each of `NETWORK_STEPS`; for crash tests. */
  readonly onStep?: (step: NetworkStep) => void;
}
