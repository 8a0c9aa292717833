import type { NetlinkRequest } from '@berth/linux';
import { ipv4Bytes, ipv4FromNumber, type Subnet } from '../addresses/ipv4.ts';
import type { PublishedPort } from '../interface.ts';
import {
  addressIn,
  comesFrom,
  connectionHas,
  counter,
  DNAT,
  dnatByMap,
  ESTABLISHED,
  type Expression,
  goesElsewhereThan,
  goesTo,
  isForThisMachine,
  jump,
  masquerade,
  RELATED,
  verdict,
} from '../netlink/nft-expressions.ts';
import {
  addChain,
  addPortMap,
  addRule,
  addTable,
  changeElements,
  deleteTable,
  NFPROTO_IPV4,
  type PortElement,
  type Table,
} from '../netlink/nft-messages.ts';

/**
 * The one table of rules, as it is when nothing is wrong:
 *
 *     table ip berth0 {
 *       map published { ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service }   -p 127.0.0.1:8080:80
 *       map published-anywhere { inet_proto . inet_service : ipv4_addr . inet_service }      -p 8080:80
 *       chain guard       raw: nobody on the bridge reaches what listens on the machine's loopback
 *       chain incoming    nat prerouting, for this machine: → published
 *       chain local       nat output, for this machine: → published
 *       chain published   dnat by the two maps
 *       chain outgoing    nat postrouting: masquerade what leaves, what comes from loopback, what comes back to its bridge
 *       chain forward     what may pass
 *     }
 *
 * A port is an element of a map, so a thousand ports cost as much per packet as one. Why each rule is there stands in its comment;
 * `nft list table ip berth0` shows them.
 */
export interface TableOptions {
  readonly bridgeName: string;
  readonly subnet: Subnet;
  /** The machine forwarded nothing before Berth turned forwarding on: then it forwards nothing else now. */
  readonly onlyContainers: boolean;
}

const PRIORITIES = { raw: -300, dstnat: -100, filter: 0, srcnat: 100 } as const;
const MAP_AT = 'published';
const MAP_ANYWHERE = 'published-anywhere';
export const PORT_MAPS = [MAP_AT, MAP_ANYWHERE] as const;
const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;

export function tableOf(bridgeName: string): Table {
  return { family: NFPROTO_IPV4, name: bridgeName };
}

/** The whole table in place of the one that is there, if any: for one transaction. */
export function replaceTable(
  options: TableOptions,
  elements: readonly PortElement[],
): readonly NetlinkRequest[] {
  const table = tableOf(options.bridgeName);
  const bridge = options.bridgeName;
  const containers = {
    address: ipv4Bytes(ipv4FromNumber(options.subnet.first)),
    prefixLength: options.subnet.prefixLength,
  };
  const loopback = { address: ipv4Bytes('127.0.0.0'), prefixLength: 8 };
  const rule = (chain: string, comment: string, ...expressions: readonly (readonly Expression[])[]) =>
    addRule(table, { chain, comment, expressions: expressions.flat(), at: 'end' });
  return [
    // Adding what is there does nothing, so that deleting cannot fail.
    addTable(table),
    deleteTable(table),
    addTable(table),
    addPortMap(table, { name: MAP_AT, withAddress: true, id: 1 }),
    addPortMap(table, { name: MAP_ANYWHERE, withAddress: false, id: 2 }),
    addChain(table, {
      name: 'guard',
      base: { type: 'filter', hook: 'prerouting', priority: PRIORITIES.raw },
    }),
    addChain(table, {
      name: 'incoming',
      base: { type: 'nat', hook: 'prerouting', priority: PRIORITIES.dstnat },
    }),
    addChain(table, { name: 'local', base: { type: 'nat', hook: 'output', priority: PRIORITIES.dstnat } }),
    addChain(table, {
      name: 'outgoing',
      base: { type: 'nat', hook: 'postrouting', priority: PRIORITIES.srcnat },
    }),
    addChain(table, {
      name: 'forward',
      base: { type: 'filter', hook: 'forward', priority: PRIORITIES.filter },
    }),
    addChain(table, { name: 'published' }),
    rule(
      'guard',
      'loopback is open to the bridge for published ports only',
      comesFrom(bridge),
      addressIn('destination', loopback),
      counter(),
      verdict('drop'),
    ),
    rule('incoming', 'published ports', isForThisMachine(), jump('published')),
    rule('local', 'published ports, from the machine itself', isForThisMachine(), jump('published')),
    rule('published', 'on one address', dnatByMap(MAP_AT, { withAddress: true })),
    rule('published', 'on all addresses', dnatByMap(MAP_ANYWHERE, { withAddress: false })),
    rule(
      'outgoing',
      'answers must find back to loopback',
      goesTo(bridge),
      addressIn('source', loopback),
      masquerade(),
    ),
    rule(
      'outgoing',
      'a container that uses a published port of its own network',
      goesTo(bridge),
      addressIn('source', containers),
      connectionHas('status', DNAT),
      masquerade(),
    ),
    rule(
      'outgoing',
      'containers speak as this machine',
      addressIn('source', containers),
      goesElsewhereThan(bridge),
      masquerade(),
    ),
    rule('forward', 'between containers', comesFrom(bridge), goesTo(bridge), verdict('accept')),
    rule('forward', 'to published ports', goesTo(bridge), connectionHas('status', DNAT), verdict('accept')),
    rule(
      'forward',
      'answers',
      goesTo(bridge),
      connectionHas('state', ESTABLISHED | RELATED),
      verdict('accept'),
    ),
    rule('forward', 'nothing else reaches containers', goesTo(bridge), counter(), verdict('drop')),
    rule('forward', 'containers reach everything', comesFrom(bridge), verdict('accept')),
    ...(options.onlyContainers
      ? [rule('forward', 'this machine was no router before Berth', counter(), verdict('drop'))]
      : []),
    ...changeElements(table, { change: 'add', elements }),
  ];
}

/** What a published port is in the maps; `undefined` of IPv6, which no rule can bring to an IPv4 address. */
export function elementOf(port: PublishedPort, address: string): PortElement | undefined {
  if (port.hostAddress.includes(':')) return undefined;
  const value = Buffer.concat([ipv4Bytes(address), padded(uint16(port.containerPort))]);
  const key = Buffer.concat([padded(Buffer.from([PROTOCOLS[port.protocol]])), padded(uint16(port.hostPort))]);
  if (port.hostAddress === '0.0.0.0') return { map: MAP_ANYWHERE, key, value };
  return { map: MAP_AT, key: Buffer.concat([ipv4Bytes(port.hostAddress), key]), value };
}

function uint16(number: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(number);
  return bytes;
}

/** Every part of a concatenation fills a register. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes], 4);
}
