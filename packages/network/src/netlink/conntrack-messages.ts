import { type NetlinkReply, type NetlinkRequest, NLM_F_ACK, NLM_F_DUMP } from '@berth/linux';
import { attributeMap, nested, u8, u16be, u32be } from './attributes.ts';

/** Messages about connections that the kernel tracks (linux/netfilter/nfnetlink_conntrack.h). */

const SUBSYSTEM_CONNTRACK = 1;
const CT_GET = 1;
const CT_DELETE = 2;
const AF_INET = 2;

const CTA_TUPLE_ORIG = 1;
const CTA_FILTER = 25;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_FILTER_REPLY_FLAGS = 2;
const FILTER_PROTOCOL = 1 << 3;
const FILTER_DESTINATION_PORT = 1 << 5;

const PROTOCOL_NUMBERS = { udp: 17, sctp: 132 } as const;

export interface Connection {
  /** Where its first packet was sent, before any translation. */
  readonly destination: Buffer;
  readonly port: number;
  readonly protocol: number;
  /** Names it when it is to be deleted. */
  readonly tuple: Buffer;
}

function header(): Buffer {
  return Buffer.from([AF_INET, 0, 0, 0]);
}

/** Kernels before 5.8 do not know the filter and list all: callers look again. */
export function listConnections(protocol: 'udp' | 'sctp', port: number): NetlinkRequest {
  return {
    type: (SUBSYSTEM_CONNTRACK << 8) | CT_GET,
    flags: NLM_F_DUMP,
    payload: Buffer.concat([
      header(),
      nested(CTA_TUPLE_ORIG, nested(2, u8(1, PROTOCOL_NUMBERS[protocol]), u16be(3, port))),
      nested(
        CTA_FILTER,
        hostOrder(CTA_FILTER_ORIG_FLAGS, FILTER_PROTOCOL | FILTER_DESTINATION_PORT),
        hostOrder(CTA_FILTER_REPLY_FLAGS, 0),
      ),
    ]),
  };
}

/** The only numbers of netfilter that are not big-endian. */
function hostOrder(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return u32be(type, bytes.readInt32BE(0));
}

export function deleteConnection(connection: Connection): NetlinkRequest {
  return {
    type: (SUBSYSTEM_CONNTRACK << 8) | CT_DELETE,
    flags: NLM_F_ACK,
    payload: Buffer.concat([header(), nested(CTA_TUPLE_ORIG, connection.tuple)]),
  };
}

export function readConnection(reply: NetlinkReply): Connection | undefined {
  const tuple = attributeMap(reply.payload.subarray(4)).get(CTA_TUPLE_ORIG);
  if (tuple === undefined) return undefined;
  const parts = attributeMap(tuple);
  const [addresses, transport] = [parts.get(1), parts.get(2)];
  if (addresses === undefined || transport === undefined) return undefined;
  const numbers = attributeMap(transport);
  return {
    destination: attributeMap(addresses).get(2) ?? Buffer.alloc(4),
    port: numbers.get(3)?.readUInt16BE(0) ?? 0,
    protocol: numbers.get(1)?.readUInt8(0) ?? 0,
    tuple,
  };
}

export function protocolNumber(protocol: 'udp' | 'sctp'): number {
  return PROTOCOL_NUMBERS[protocol];
}
