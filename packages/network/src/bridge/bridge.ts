import { readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { ipv4Bytes, macOfIpv4, parseMac, type Subnet } from '../addresses/ipv4.ts';
import { NetworkError } from '../errors.ts';
import type { Kernel } from '../netlink/kernel.ts';
import {
  addAddress,
  addBridge,
  deleteLink,
  getLink,
  type Link,
  listAddresses,
  listLinks,
  listRoutes,
  readAddress,
  readLink,
  readRoute,
  setHairpin,
  setMaster,
  setUp,
  silenceIpv6,
} from '../netlink/route-messages.ts';

const { EAFNOSUPPORT, EEXIST, ENODEV } = constants.errno;
const LARGEST_MTU = 1500;
const MAIN_TABLE = 254;
const WIDEST_PREFIX = 8;

export interface BridgeOptions {
  readonly name: string;
  readonly subnet: Subnet;
  readonly gateway: string;
  readonly broadcast: string;
}

/**
 * Makes the bridge, or takes the one that is there, and gives it its address.
 *
 * @returns its index
 * @throws {NetworkError} `BRIDGE_NAME_TAKEN`
 */
export async function ensureBridge(kernel: Kernel, options: BridgeOptions): Promise<Link> {
  const { name, gateway } = options;
  const what = { what: `make the bridge "${name}"` };
  const there = await findLink(kernel, name);
  if (there !== undefined && there.kind !== 'bridge') {
    throw new NetworkError(
      'BRIDGE_NAME_TAKEN',
      `Cannot make the bridge "${name}": expected no interface or a bridge of that name, got one of kind "${there.kind ?? 'hardware'}"`,
      { hint: 'Give the engine another name for its bridge' },
    );
  }
  if (there === undefined) {
    await kernel.change(
      [addBridge(name, { mac: parseMac(macOfIpv4(gateway)), mtu: await outwardMtu(kernel) })],
      {
        ...what,
        allow: [EEXIST],
      },
    );
  }
  const link = await findLink(kernel, name);
  if (link === undefined) throw new Error(`The kernel does not find "${name}" that it has just made`);
  const address = addAddress(link.index, {
    ...options,
    address: gateway,
    prefixLength: options.subnet.prefixLength,
  });
  await kernel.change([silenceIpv6(name), address, setUp(name)], { ...what, allow: [EEXIST, EAFNOSUPPORT] });
  return link;
}

export async function removeBridge(kernel: Kernel, name: string): Promise<void> {
  await kernel.change([deleteLink(name)], { what: `remove the bridge "${name}"`, allow: [ENODEV] });
}

export async function findLink(kernel: Kernel, name: string): Promise<Link | undefined> {
  return (await kernel.ask(getLink(name))).map(readLink)[0];
}

/** All that are ports of the bridge. */
export async function portsOf(kernel: Kernel, bridgeIndex: number): Promise<readonly Link[]> {
  const links = await kernel.ask(listLinks());
  return links.map(readLink).filter((link) => link.master === bridgeIndex);
}

/** Puts interfaces that are not on the bridge any more back on it. */
export async function adoptPorts(
  kernel: Kernel,
  options: { readonly bridgeIndex: number; readonly isOurs: (name: string) => boolean },
): Promise<void> {
  const links = (await kernel.ask(listLinks())).map(readLink);
  const lost = links.filter(({ name, master }) => master !== options.bridgeIndex && options.isOurs(name));
  const requests = lost.flatMap(({ name }) => [
    setMaster(name, options.bridgeIndex),
    setHairpin(name),
    setUp(name),
  ]);
  await kernel.change(requests, { what: 'join containers to their bridge again', allow: [ENODEV] });
}

/** What a container may send without being cut or lost on the way out: the default route's, at most Ethernet's. */
export async function outwardMtu(kernel: Kernel): Promise<number> {
  const links = (await kernel.ask(listLinks())).map(readLink);
  const mtus = (await kernel.ask(listRoutes()))
    .map(readRoute)
    .filter((route) => route.destination.prefixLength === 0 && route.table === MAIN_TABLE)
    .map((route) => links.find((link) => link.index === route.interfaceIndex)?.mtu ?? LARGEST_MTU);
  return Math.min(LARGEST_MTU, ...mtus);
}

/**
 * The networks that routes and addresses of this machine lead to, without those of our own bridge. What is wider than
 * any network is a default route by another name: VPNs send "everything" by 0.0.0.0/1 and 128.0.0.0/1.
 */
export async function subnetsInUse(kernel: Kernel, bridgeName: string): Promise<readonly Subnet[]> {
  const own = (await findLink(kernel, bridgeName))?.index;
  const routes = (await kernel.ask(listRoutes()))
    .map(readRoute)
    .filter((route) => route.interfaceIndex !== own || own === undefined)
    .map((route) => route.destination);
  const addresses = (await kernel.ask(listAddresses()))
    .map(readAddress)
    .filter((address) => address.interfaceIndex !== own);
  return [...routes, ...addresses]
    .filter(({ prefixLength }) => prefixLength >= WIDEST_PREFIX)
    .map(({ address, prefixLength }) => {
      const size = 2 ** (32 - prefixLength);
      return { first: Math.floor(address.readUInt32BE(0) / size) * size, prefixLength };
    });
}

/** Whether the bridge that is there has the address it should have. */
export async function hasAddress(kernel: Kernel, index: number, address: string): Promise<boolean> {
  return (await kernel.ask(listAddresses()))
    .map(readAddress)
    .some((one) => one.interfaceIndex === index && one.address.equals(ipv4Bytes(address)));
}

/**
 * Packets from 127.0.0.1 may go over the bridge and their answers come back: that is how a published port answers on
 * loopback. The rules let nothing else that way.
 */
export function openLoopback(name: string): void {
  writeSetting(`conf/${name}/route_localnet`, '1');
}

function writeSetting(name: string, value: string): void {
  const path = `/proc/sys/net/ipv4/${name}`;
  if (readFileSync(path, 'utf8').trim() !== value) writeFileSync(path, value);
}
