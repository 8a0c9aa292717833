import type { NetlinkReply, NetlinkRequest } from '@berth/linux';
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL } from '@berth/linux';
import { ipv4Bytes } from '../addresses/ipv4.ts';
import { attribute, attributeMap, nested, text, textOf, u8, u32 } from './attributes.ts';

/**
 * Messages of rtnetlink(7) that Berth sends: interfaces, addresses, routes. Numbers are those of linux/rtnetlink.h, if_link.h,
 * if_addr.h and veth.h.
 */

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_SETLINK = 19;
const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;

const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_AF_SPEC = 26;
const IFLA_NET_NS_FD = 28;
const IFLA_EXT_MASK = 29;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_INFO_SLAVE_DATA = 5;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IN6_ADDR_GEN_MODE_NONE = 1;
const IFLA_BRPORT_MODE = 4;
const VETH_INFO_PEER = 1;
const RTEXT_FILTER_SKIP_STATS = 8;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RT_TABLE_MAIN = 254;
const RT_SCOPE_UNIVERSE = 0;
const RTPROT_BOOT = 3;
const RTN_UNICAST = 1;

export const IFF_UP = 1;

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly isUp: boolean;
  readonly mtu: number;
  /** Index of the bridge it is a port of. */
  readonly master: number | undefined;
  /** `bridge`, `veth`; `undefined` of hardware. */
  readonly kind: string | undefined;
}

export interface Route {
  /** 0.0.0.0/0 for the default route. */
  readonly destination: { readonly address: Buffer; readonly prefixLength: number };
  readonly interfaceIndex: number | undefined;
  readonly table: number;
}

/** `struct ifinfomsg`. The interface is found by its name; `flags` are those to set. */
function linkHeader(options: { readonly flags?: number } = {}): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt8(AF_UNSPEC, 0);
  bytes.writeUInt32LE(options.flags ?? 0, 8);
  bytes.writeUInt32LE(options.flags ?? 0, 12);
  return bytes;
}

function request(type: number, flags: number, ...parts: readonly Uint8Array[]): NetlinkRequest {
  return { type, flags: flags | NLM_F_ACK, payload: Buffer.concat(parts) };
}

/** No address of its own in IPv6: neither bridge nor containers speak it, and without one they are silent. */
function withoutIpv6(): Buffer {
  return nested(IFLA_AF_SPEC, nested(AF_INET6, u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE)));
}

export function addBridge(
  name: string,
  options: { readonly mac: Uint8Array; readonly mtu: number },
): NetlinkRequest {
  return request(
    RTM_NEWLINK,
    NLM_F_CREATE | NLM_F_EXCL,
    linkHeader(),
    text(IFLA_IFNAME, name),
    attribute(IFLA_ADDRESS, options.mac),
    u32(IFLA_MTU, options.mtu),
    nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, 'bridge')),
  );
}

/** A pair: one end a port of the bridge, the other born inside the container's namespace. */
export function addVeth(
  name: string,
  options: {
    readonly bridgeIndex: number;
    readonly mtu: number;
    readonly peer: { readonly name: string; readonly mac: Uint8Array; readonly namespaceFd: number };
  },
): NetlinkRequest {
  const { peer, mtu } = options;
  return request(
    RTM_NEWLINK,
    NLM_F_CREATE | NLM_F_EXCL,
    linkHeader(),
    text(IFLA_IFNAME, name),
    u32(IFLA_MTU, mtu),
    u32(IFLA_MASTER, options.bridgeIndex),
    nested(
      IFLA_LINKINFO,
      text(IFLA_INFO_KIND, 'veth'),
      nested(
        IFLA_INFO_DATA,
        nested(
          VETH_INFO_PEER,
          linkHeader(),
          text(IFLA_IFNAME, peer.name),
          attribute(IFLA_ADDRESS, peer.mac),
          u32(IFLA_MTU, mtu),
          u32(IFLA_NET_NS_FD, peer.namespaceFd),
        ),
      ),
    ),
  );
}

export function silenceIpv6(name: string): NetlinkRequest {
  return request(RTM_SETLINK, 0, linkHeader(), text(IFLA_IFNAME, name), withoutIpv6());
}

export function setUp(name: string): NetlinkRequest {
  return request(RTM_SETLINK, 0, linkHeader({ flags: IFF_UP }), text(IFLA_IFNAME, name));
}

export function setMaster(name: string, bridgeIndex: number): NetlinkRequest {
  return request(RTM_SETLINK, 0, linkHeader(), text(IFLA_IFNAME, name), u32(IFLA_MASTER, bridgeIndex));
}

/** A port that may send a frame back where it came from: a container that reaches itself by a published port. */
export function setHairpin(name: string): NetlinkRequest {
  return request(
    RTM_NEWLINK,
    0,
    linkHeader(),
    text(IFLA_IFNAME, name),
    nested(
      IFLA_LINKINFO,
      text(IFLA_INFO_SLAVE_KIND, 'bridge'),
      nested(IFLA_INFO_SLAVE_DATA, u8(IFLA_BRPORT_MODE, 1)),
    ),
  );
}

export function deleteLink(name: string): NetlinkRequest {
  return request(RTM_DELLINK, 0, linkHeader(), text(IFLA_IFNAME, name));
}

export function getLink(name: string): NetlinkRequest {
  return request(
    RTM_GETLINK,
    0,
    linkHeader(),
    text(IFLA_IFNAME, name),
    u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS),
  );
}

export function listLinks(): NetlinkRequest {
  return request(RTM_GETLINK, NLM_F_DUMP, linkHeader(), u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS));
}

export function addAddress(
  interfaceIndex: number,
  options: { readonly address: string; readonly prefixLength: number; readonly broadcast: string },
): NetlinkRequest {
  const header = Buffer.alloc(8);
  header.writeUInt8(AF_INET, 0);
  header.writeUInt8(options.prefixLength, 1);
  header.writeUInt32LE(interfaceIndex, 4);
  return request(
    RTM_NEWADDR,
    NLM_F_CREATE | NLM_F_EXCL,
    header,
    attribute(IFA_LOCAL, ipv4Bytes(options.address)),
    attribute(IFA_ADDRESS, ipv4Bytes(options.address)),
    attribute(IFA_BROADCAST, ipv4Bytes(options.broadcast)),
  );
}

export function listAddresses(): NetlinkRequest {
  const header = Buffer.alloc(8);
  header.writeUInt8(AF_INET, 0);
  return request(RTM_GETADDR, NLM_F_DUMP, header);
}

export function addDefaultRoute(interfaceIndex: number, gateway: string): NetlinkRequest {
  return request(
    RTM_NEWROUTE,
    NLM_F_CREATE | NLM_F_EXCL,
    routeHeader(),
    attribute(RTA_GATEWAY, ipv4Bytes(gateway)),
    u32(RTA_OIF, interfaceIndex),
  );
}

export function listRoutes(): NetlinkRequest {
  return request(RTM_GETROUTE, NLM_F_DUMP, routeHeader());
}

/** `struct rtmsg`. */
function routeHeader(): Buffer {
  return Buffer.from([
    AF_INET,
    0,
    0,
    0,
    RT_TABLE_MAIN,
    RTPROT_BOOT,
    RT_SCOPE_UNIVERSE,
    RTN_UNICAST,
    0,
    0,
    0,
    0,
  ]);
}

export function readLink(reply: NetlinkReply): Link {
  const attributes = attributeMap(reply.payload.subarray(16));
  const info = attributes.get(IFLA_LINKINFO);
  return {
    index: reply.payload.readInt32LE(4),
    name: textOf(attributes.get(IFLA_IFNAME)) ?? '',
    isUp: (reply.payload.readUInt32LE(8) & IFF_UP) !== 0,
    mtu: attributes.get(IFLA_MTU)?.readUInt32LE(0) ?? 1500,
    master: attributes.get(IFLA_MASTER)?.readUInt32LE(0),
    kind: info === undefined ? undefined : textOf(attributeMap(info).get(IFLA_INFO_KIND)),
  };
}

export function readAddress(reply: NetlinkReply): {
  readonly interfaceIndex: number;
  readonly address: Buffer;
  readonly prefixLength: number;
} {
  const attributes = attributeMap(reply.payload.subarray(8));
  return {
    interfaceIndex: reply.payload.readUInt32LE(4),
    address: attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS) ?? Buffer.alloc(4),
    prefixLength: reply.payload.readUInt8(1),
  };
}

export function readRoute(reply: NetlinkReply): Route {
  const attributes = attributeMap(reply.payload.subarray(12));
  return {
    destination: {
      address: attributes.get(RTA_DST) ?? Buffer.alloc(4),
      prefixLength: reply.payload.readUInt8(1),
    },
    interfaceIndex: attributes.get(RTA_OIF)?.readUInt32LE(0),
    table: reply.payload.readUInt8(4),
  };
}
