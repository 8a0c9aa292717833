import {
  type NetlinkReply,
  type NetlinkRequest,
  NLM_F_ACK,
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_DUMP,
} from '@berth/linux';
import { attribute, attributeMap, attributesOf, nested, text, textOf, u32be, u64be } from './attributes.ts';
import type { Expression } from './nft-expressions.ts';

/**
 * Messages of nftables' netlink (linux/netfilter/nfnetlink.h, nf_tables.h). Changes lie between the two ends of a batch, and the
 * kernel takes all of it in one step or nothing. All of it is in the family `ip`: containers have IPv4 addresses.
 */

const NFNL_MSG_BATCH_BEGIN = 16;
const NFNL_MSG_BATCH_END = 17;
const SUBSYSTEM_NFTABLES = 10;
const NFPROTO_UNSPEC = 0;
export const NFPROTO_INET = 1;
export const NFPROTO_IPV4 = 2;

const MESSAGES = {
  newTable: 0,
  deleteTable: 2,
  newChain: 3,
  getChain: 4,
  newRule: 6,
  getRule: 7,
  deleteRule: 8,
  newSet: 9,
  newElement: 12,
  getElement: 13,
  deleteElement: 14,
  getGeneration: 16,
} as const;

/** Numbers of nft(8)'s types, six bits each in a concatenation; they are for people who list the table. */
const TYPES = { address: 7, protocol: 12, port: 13 } as const;

export const HOOKS = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;
const POLICY_ACCEPT = 1;
const NFT_SET_MAP = 0x8;
const UDATA_COMMENT = 0;

export interface Table {
  readonly family: number;
  readonly name: string;
}

export interface Chain {
  readonly table: Table;
  readonly name: string;
  /** A chain that the kernel itself enters. */
  readonly base: { readonly type: string; readonly hook: number; readonly drops: boolean } | undefined;
}

export interface Rule {
  readonly handle: bigint;
  readonly comment: string | undefined;
}

/** `struct nfgenmsg`. */
function header(family: number, resource = 0): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt8(family, 0);
  bytes.writeUInt16BE(resource, 2);
  return bytes;
}

function message(
  kind: keyof typeof MESSAGES,
  options: { readonly family: number; readonly flags: number },
  ...attributes: readonly Buffer[]
): NetlinkRequest {
  return {
    type: (SUBSYSTEM_NFTABLES << 8) | MESSAGES[kind],
    flags: options.flags | NLM_F_ACK,
    payload: Buffer.concat([header(options.family), ...attributes]),
  };
}

/** One transaction. The results of its ends are the first and the last. */
export function transaction(requests: readonly NetlinkRequest[]): readonly NetlinkRequest[] {
  const end = (type: number): NetlinkRequest => ({
    type,
    flags: 0,
    payload: header(NFPROTO_UNSPEC, SUBSYSTEM_NFTABLES),
  });
  return [end(NFNL_MSG_BATCH_BEGIN), ...requests, end(NFNL_MSG_BATCH_END)];
}

/** Nothing happens when it is there. */
export function addTable(table: Table): NetlinkRequest {
  return message('newTable', { family: table.family, flags: NLM_F_CREATE }, text(1, table.name), u32be(2, 0));
}

/** With all that is in it. Fails when it is not there. */
export function deleteTable(table: Table): NetlinkRequest {
  return message('deleteTable', { family: table.family, flags: 0 }, text(1, table.name));
}

export function addChain(
  table: Table,
  options: {
    readonly name: string;
    readonly base?: {
      readonly type: 'nat' | 'filter';
      readonly hook: keyof typeof HOOKS;
      readonly priority: number;
    };
  },
): NetlinkRequest {
  const { base } = options;
  return message(
    'newChain',
    { family: table.family, flags: NLM_F_CREATE },
    text(1, table.name),
    text(3, options.name),
    ...(base === undefined
      ? []
      : [
          nested(4, u32be(1, HOOKS[base.hook]), u32be(2, base.priority)),
          u32be(5, POLICY_ACCEPT),
          text(7, base.type),
        ]),
  );
}

/** A map from (address,) protocol and port of the machine to address and port of a container. */
export function addPortMap(
  table: Table,
  options: { readonly name: string; readonly withAddress: boolean; readonly id: number },
): NetlinkRequest {
  const keyType = options.withAddress
    ? (TYPES.address << 12) | (TYPES.protocol << 6) | TYPES.port
    : (TYPES.protocol << 6) | TYPES.port;
  return message(
    'newSet',
    { family: table.family, flags: NLM_F_CREATE },
    text(1, table.name),
    text(2, options.name),
    u32be(3, NFT_SET_MAP),
    u32be(4, keyType),
    u32be(5, options.withAddress ? 12 : 8),
    u32be(6, (TYPES.address << 6) | TYPES.port),
    u32be(7, 8),
    u32be(10, options.id),
  );
}

export interface PortElement {
  readonly map: string;
  readonly key: Buffer;
  readonly value: Buffer;
}

/** At most as many as fit the 64 KiB of one attribute; a map of more takes several messages. */
const ELEMENTS_PER_MESSAGE = 800;

export function changeElements(
  table: Table,
  options: { readonly change: 'add' | 'delete'; readonly elements: readonly PortElement[] },
): readonly NetlinkRequest[] {
  const requests: NetlinkRequest[] = [];
  for (const [map, elements] of Map.groupBy(options.elements, (element) => element.map)) {
    for (let at = 0; at < elements.length; at += ELEMENTS_PER_MESSAGE) {
      const some = elements
        .slice(at, at + ELEMENTS_PER_MESSAGE)
        .map(({ key, value }) =>
          nested(
            1,
            nested(1, attribute(1, key)),
            ...(options.change === 'add' ? [nested(2, attribute(1, value))] : []),
          ),
        );
      const kind = options.change === 'add' ? 'newElement' : 'deleteElement';
      requests.push(
        message(
          kind,
          { family: table.family, flags: NLM_F_CREATE },
          text(1, table.name),
          text(2, map),
          nested(3, ...some),
        ),
      );
    }
  }
  return requests;
}

export function listElements(table: Table, map: string): NetlinkRequest {
  return message(
    'getElement',
    { family: table.family, flags: NLM_F_DUMP },
    text(1, table.name),
    text(2, map),
  );
}

export function addRule(
  table: Table,
  options: {
    readonly chain: string;
    readonly expressions: readonly Expression[];
    readonly comment: string;
    /** At the end of the chain, else before all others. */
    readonly at: 'end' | 'head';
  },
): NetlinkRequest {
  const comment = Buffer.from(`${options.comment}\0`, 'utf8');
  return message(
    'newRule',
    { family: table.family, flags: NLM_F_CREATE | (options.at === 'end' ? NLM_F_APPEND : 0) },
    text(1, table.name),
    text(2, options.chain),
    nested(4, ...options.expressions),
    attribute(7, Buffer.concat([Buffer.from([UDATA_COMMENT, comment.length]), comment])),
  );
}

export function deleteRule(
  table: Table,
  options: { readonly chain: string; readonly handle: bigint },
): NetlinkRequest {
  return message(
    'deleteRule',
    { family: table.family, flags: 0 },
    text(1, table.name),
    text(2, options.chain),
    u64be(3, options.handle),
  );
}

export function listChains(): NetlinkRequest {
  return message('getChain', { family: NFPROTO_UNSPEC, flags: NLM_F_DUMP });
}

export function listRules(table: Table, chain: string): NetlinkRequest {
  return message('getRule', { family: table.family, flags: NLM_F_DUMP }, text(1, table.name), text(2, chain));
}

/** A number that grows with every change that anybody makes. */
export function getGeneration(): NetlinkRequest {
  return message('getGeneration', { family: NFPROTO_UNSPEC, flags: 0 });
}

export function readGeneration(reply: NetlinkReply): number {
  return attributeMap(reply.payload.subarray(4)).get(1)?.readUInt32BE(0) ?? 0;
}

export function readChain(reply: NetlinkReply): Chain {
  const attributes = attributeMap(reply.payload.subarray(4));
  const hook = attributes.get(4);
  return {
    table: { family: reply.payload.readUInt8(0), name: textOf(attributes.get(1)) ?? '' },
    name: textOf(attributes.get(3)) ?? '',
    base:
      hook === undefined
        ? undefined
        : {
            type: textOf(attributes.get(7)) ?? '',
            hook: attributeMap(hook).get(1)?.readUInt32BE(0) ?? -1,
            drops: attributes.get(5)?.readUInt32BE(0) === 0,
          },
  };
}

export function readRule(reply: NetlinkReply): Rule {
  const attributes = attributeMap(reply.payload.subarray(4));
  return { handle: attributes.get(3)?.readBigUInt64BE(0) ?? 0n, comment: commentOf(attributes.get(7)) };
}

function commentOf(userData: Buffer | undefined): string | undefined {
  if (userData === undefined) return undefined;
  for (let at = 0; at + 2 <= userData.length; ) {
    const length = userData[at + 1] ?? 0;
    if (userData[at] === UDATA_COMMENT) return textOf(userData.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return undefined;
}

/** Keys and values of a map's elements, as `changeElements` takes them. */
export function readElements(map: string, reply: NetlinkReply): readonly PortElement[] {
  const list = attributeMap(reply.payload.subarray(4)).get(3);
  if (list === undefined) return [];
  return [...attributesOf(list)].map(([, bytes]) => {
    const element = attributeMap(bytes);
    return { map, key: dataOf(element.get(1)), value: dataOf(element.get(2)) };
  });
}

function dataOf(data: Buffer | undefined): Buffer {
  return (data === undefined ? undefined : attributeMap(data).get(1)) ?? Buffer.alloc(0);
}
