import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { AddressPool } from '../addresses/address-pool.ts';
import { formatMac, formatSubnet, macOfIpv4, parseMac, type Subnet } from '../addresses/ipv4.ts';
import { NetworkError } from '../errors.ts';
import type { Endpoint, PublishedPort, SandboxOptions } from '../interface.ts';
import type { Kernel } from '../netlink/kernel.ts';
import type { PortElement } from '../netlink/nft-messages.ts';
import type { Link } from '../netlink/route-messages.ts';
import { HostPorts } from '../ports/host-ports.ts';
import { Firewall } from '../rules/firewall.ts';
import { openedChains } from '../rules/foreign-forward.ts';
import { forgetConnections } from '../rules/forget-connections.ts';
import { elementOf } from '../rules/table.ts';
import type { Forwarding } from '../state/forwarding.ts';
import type { SandboxRecord, SandboxRecords } from '../state/sandbox-records.ts';
import type { NetworkStep } from '../steps.ts';
import {
  adoptPorts,
  ensureBridge,
  findLink,
  hasAddress,
  openLoopback,
  outwardMtu,
  portsOf,
  removeBridge,
} from './bridge.ts';
import { VanishingLinks } from './vanishing-links.ts';
import { createWire, dropWire, type Wire, type WireAddress } from './wire.ts';

/** Names of our ends of wires; what is a port of our bridge and is called so is ours to remove. */
const LINK_PREFIX = 'berth-';
/** How often somebody else's changes to the firewall are looked for. */
const WATCH_MS = 2000;

export interface BridgeNetworkOptions {
  readonly id: string;
  readonly name: string;
  readonly bridgeName: string;
  readonly subnet: Subnet;
  readonly namespaceFolder: string;
  readonly kernel: Kernel;
  readonly records: SandboxRecords;
  readonly forwarding: Forwarding;
  readonly onFault: (error: unknown, what: string) => void;
  readonly onStep: (step: NetworkStep) => void;
}

/** A Linux bridge with the containers on it, their addresses, their published ports and the rules for both. */
export class BridgeNetwork implements AsyncDisposable {
  readonly #options: BridgeNetworkOptions;
  readonly #addresses: AddressPool;
  readonly #firewall: Firewall;
  readonly #ports: HostPorts;
  readonly #vanishing: VanishingLinks;
  #building: Promise<Link> | undefined;
  #mtu = 1500;
  #watch: NodeJS.Timeout | undefined;
  #checking: Promise<void> | undefined;

  constructor(options: BridgeNetworkOptions) {
    this.#options = options;
    this.#addresses = new AddressPool(options.subnet);
    this.#vanishing = new VanishingLinks(options.kernel, options.onFault);
    this.#ports = new HostPorts({ onStray: () => this.#checkSoon() });
    this.#firewall = new Firewall(options.kernel, {
      bridgeName: options.bridgeName,
      wanted: () => ({ options: this.#tableOptions(), elements: this.#elements() }),
    });
    for (const { sandbox } of this.#ours()) {
      if (sandbox.endpoint !== undefined) this.#addresses.claim(sandbox.endpoint.address);
    }
  }

  get gateway(): string {
    return this.#addresses.gateway;
  }

  get subnet(): Subnet {
    return this.#options.subnet;
  }

  /**
   * All that a container has of this network, or nothing. The record is written once the kernel has it: what is there without a
   * record is a leftover.
   */
  async connect(containerId: string, options: Omit<SandboxOptions, 'network'>): Promise<SandboxRecord> {
    const { kernel, records, subnet, onStep } = this.#options;
    const macAddress = options.macAddress === undefined ? undefined : formatMac(parseMac(options.macAddress));
    await this.#prepare(options);
    await using undo = new AsyncDisposableStack();
    const address = this.#addresses.take();
    undo.defer(() => this.#addresses.release(address));
    const link = randomBytes(4).toString('hex');
    const wire = {
      namespacePath: join(this.#options.namespaceFolder, link),
      linkName: `${LINK_PREFIX}${link}`,
    };
    const endpoint: Endpoint = {
      networkId: this.#options.id,
      networkName: this.#options.name,
      endpointId: randomBytes(32).toString('hex'),
      address,
      prefixLength: subnet.prefixLength,
      gateway: this.gateway,
      macAddress: macAddress ?? macOfIpv4(address),
    };
    const [wired, held] = await Promise.allSettled([
      this.#createWire({ ...wire, ...endpoint, broadcast: this.#addresses.broadcast }, options),
      this.#ports.hold(containerId, options.ports, { ...options, target: address }),
    ]);
    if (wired.status === 'fulfilled') undo.defer(() => this.#drop(wire));
    undo.defer(() => this.#ports.release(containerId));
    if (wired.status === 'rejected') throw wired.reason;
    if (held.status === 'rejected') throw held.reason;
    options.signal?.throwIfAborted();
    const record: SandboxRecord = {
      version: 1,
      bootId: records.bootId,
      containerId,
      network: 'bridge',
      sandbox: { namespacePath: wire.namespacePath, endpoint, ports: held.value },
      linkName: wire.linkName,
    };
    onStep('network.wired');
    records.put(record);
    onStep('network.recorded');
    undo.defer(() => records.delete(containerId));
    const elements = elementsOf(record);
    undo.defer(() => this.#firewall.delete(elements));
    await this.#firewall.add(elements);
    onStep('network.published');
    await forgetConnections(kernel, held.value);
    // Nothing is undone any more.
    undo.move();
    return record;
  }

  /** In this order: it is known no more, nobody reaches it, its ports are free, it is gone. Idempotent. */
  async disconnect(record: SandboxRecord): Promise<void> {
    const { kernel, records, onStep } = this.#options;
    records.delete(record.containerId);
    onStep('network.forgotten');
    await this.#firewall.delete(elementsOf(record));
    await this.#ports.release(record.containerId);
    onStep('network.unpublished');
    await forgetConnections(kernel, record.sandbox.ports);
    if (record.linkName !== undefined && record.sandbox.namespacePath !== 'host') {
      this.#drop({ namespacePath: record.sandbox.namespacePath, linkName: record.linkName });
    }
    onStep('network.dropped');
    if (record.sandbox.endpoint !== undefined) this.#addresses.release(record.sandbox.endpoint.address);
  }

  /** Puts right what containers lack. @returns one line for each thing that was removed or could not be had again */
  async restore(): Promise<readonly string[]> {
    const lines = await this.#removeStrayLinks();
    const records = this.#ours();
    if (records.length === 0) return lines;
    this.#building = undefined;
    await this.#prepare({});
    for (const record of records) {
      const { endpoint, ports } = record.sandbox;
      if (endpoint === undefined || this.#ports.isHeld(record.containerId)) continue;
      const lost = await this.#ports.holdAgain(record.containerId, ports, { target: endpoint.address });
      for (const { port, error } of lost) {
        const why = error instanceof Error ? error.message : String(error);
        lines.push(
          `port ${port.hostPort}/${port.protocol} of ${record.containerId.slice(0, 12)} is published, not held: ${why}`,
        );
      }
    }
    return lines;
  }

  /** What the machine has because of this network, a sentence each. */
  async footprint(): Promise<readonly string[]> {
    const { kernel, bridgeName, subnet, forwarding } = this.#options;
    const bridge = await findLink(kernel, bridgeName);
    if (bridge?.kind !== 'bridge') return [];
    const ports = this.#elements().length;
    return [
      `Bridge "${bridgeName}" has ${formatSubnet(subnet)}; containers on it: ${this.#ours().length}`,
      `Table "ip ${bridgeName}" of nftables leads to them, ports: ${ports}; nft list table ip ${bridgeName} shows it`,
      ...(forwarding.isOurs ? ['net.ipv4.ip_forward was 0 and is 1, for packets of containers only'] : []),
      ...openedChains(kernel, bridgeName).map(
        (chain) => `Chain "${chain}" accepts what comes from or goes to "${bridgeName}"`,
      ),
    ];
  }

  /**
   * Closes the sockets that hold ports. With no container left, bridge, rules and forwarding go as well, and the machine is as it
   * was; else they stay, and ports answer on. Idempotent.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch);
    await this.#checking;
    await this.#ports[Symbol.asyncDispose]();
    await this.#vanishing[Symbol.asyncDispose]();
    if (this.#ours().length > 0) return;
    // Made first and removed last, the bridge tells whether there is anything.
    const isThere = (await findLink(this.#options.kernel, this.#options.bridgeName)) !== undefined;
    if (isThere || this.#building !== undefined) await this.#firewall.remove();
    await this.#removeBridge();
    this.#options.forwarding.turnBack();
  }

  #ours(): readonly SandboxRecord[] {
    return this.#options.records.all().filter((record) => record.network === 'bridge');
  }

  /** Bridge, forwarding and rules: made by the first container. */
  async #prepare(options: { readonly signal?: AbortSignal }): Promise<Link> {
    options.signal?.throwIfAborted();
    this.#building ??= this.#build();
    const building = this.#building;
    try {
      return await building;
    } catch (error) {
      if (this.#building === building) this.#building = undefined;
      throw error;
    }
  }

  async #build(): Promise<Link> {
    const { kernel, bridgeName, subnet, forwarding, onStep } = this.#options;
    const there = await findLink(kernel, bridgeName);
    const isOfAnotherSubnet =
      there?.kind === 'bridge' && !(await hasAddress(kernel, there.index, this.gateway));
    if (isOfAnotherSubnet && this.#ours().length === 0) await removeBridge(kernel, bridgeName);
    const bridge = await ensureBridge(kernel, {
      name: bridgeName,
      subnet,
      gateway: this.gateway,
      broadcast: this.#addresses.broadcast,
    });
    openLoopback(bridgeName);
    const linkNames = this.#ours().map((record) => record.linkName);
    await adoptPorts(kernel, { bridgeIndex: bridge.index, isOurs: (name) => linkNames.includes(name) });
    this.#mtu = await outwardMtu(kernel);
    onStep('network.bridge');
    forwarding.prepare();
    await this.#firewall.restore();
    onStep('network.rules');
    forwarding.turnOn();
    this.#watch ??= setInterval(() => this.#checkSoon(), WATCH_MS).unref();
    return bridge;
  }

  /** Somebody may have taken the bridge away since it was made: then it is made once more. */
  async #createWire(wire: Wire & WireAddress, options: { readonly signal?: AbortSignal }): Promise<void> {
    const { kernel, bridgeName } = this.#options;
    for (let isLastTry = false; ; isLastTry = true) {
      const bridge = await this.#prepare(options);
      try {
        return await createWire(kernel, { ...wire, bridgeIndex: bridge.index, mtu: this.#mtu });
      } catch (error) {
        if (isLastTry || (await findLink(kernel, bridgeName))?.index === bridge.index) throw error;
        this.#building = undefined;
      }
    }
  }

  #drop(wire: { readonly namespacePath: string; readonly linkName: string }): void {
    dropWire(wire);
    this.#vanishing.add(wire.linkName);
  }

  async #removeStrayLinks(): Promise<string[]> {
    const { kernel, bridgeName } = this.#options;
    const bridge = await findLink(kernel, bridgeName);
    if (bridge === undefined) return [];
    const known = new Set(this.#ours().map((record) => record.linkName));
    const strays = (await portsOf(kernel, bridge.index))
      .map((link) => link.name)
      .filter((name) => name.startsWith(LINK_PREFIX) && !known.has(name) && !this.#vanishing.has(name));
    for (const name of strays) await this.#vanishing.removeNow(name);
    return strays.map((name) => `interface "${name}" of no container`);
  }

  /** A bridge that somebody else has put ports on, or an interface that is none, is not ours to take away. */
  async #removeBridge(): Promise<void> {
    const { kernel, bridgeName } = this.#options;
    const bridge = await findLink(kernel, bridgeName);
    if (bridge?.kind !== 'bridge' || (await portsOf(kernel, bridge.index)).length > 0) return;
    await removeBridge(kernel, bridgeName);
  }

  #tableOptions() {
    const { bridgeName, subnet, forwarding } = this.#options;
    return { bridgeName, subnet, onlyContainers: forwarding.isOurs };
  }

  #elements(): readonly PortElement[] {
    return this.#ours().flatMap(elementsOf);
  }

  #checkSoon(): void {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
  }

  async #check(): Promise<void> {
    try {
      for (const line of await this.#firewall.check()) {
        this.#options.onFault(new NetworkError('RULES_CHANGED', line), 'look after the rules of containers');
      }
    } catch (error) {
      this.#options.onFault(error, 'look after the rules of containers');
    }
  }
}

function elementsOf(record: SandboxRecord): readonly PortElement[] {
  const { endpoint, ports } = record.sandbox;
  if (endpoint === undefined) return [];
  return ports
    .map((port: PublishedPort) => elementOf(port, endpoint.address))
    .filter((element) => element !== undefined);
}
