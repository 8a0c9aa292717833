import { attribute, nested, text, u32be } from './attributes.ts';

/**
 * Expressions of nftables as the kernel takes them (linux/netfilter/nf_tables.h), and the few sentences made of them that Berth's
 * rules need. `nft --debug=netlink` shows the same for the text above each.
 */

export type Expression = Buffer;

const NFTA_LIST_ELEM = 1;
const NFTA_EXPR_NAME = 1;
const NFTA_EXPR_DATA = 2;

/** Four-byte registers; concatenations lie in neighbours. */
const REGISTER_1 = 8;
const REGISTER_2 = 9;
const REGISTER_3 = 10;
const REGISTER_VERDICT = 0;

const META_IIFNAME = 6;
const META_OIFNAME = 7;
const META_L4PROTO = 16;
const CT_STATE = 0;
const CT_STATUS = 2;
const BASE_NETWORK = 1;
const BASE_TRANSPORT = 2;
const EQUAL = 0;
const NOT_EQUAL = 1;
const IPV4 = 2;

export const ESTABLISHED = 0x2;
export const RELATED = 0x4;
/** IPS_DST_NAT: the connection goes where somebody published it. */
export const DNAT = 0x20;

const VERDICTS = { drop: 0, accept: 1, jump: -3 } as const;

function expression(name: string, ...data: readonly Buffer[]): Expression {
  return nested(NFTA_LIST_ELEM, text(NFTA_EXPR_NAME, name), nested(NFTA_EXPR_DATA, ...data));
}

function compare(register: number, value: Uint8Array, operator = EQUAL): Expression {
  return expression('cmp', u32be(1, register), u32be(2, operator), nested(3, attribute(1, value)));
}

/** Interface names are compared with their padding, so that "berth0" is not "berth01". */
function interfaceName(name: string): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.write(name, 'utf8');
  return bytes;
}

function metaInterface(key: number, name: string, isNot: boolean): readonly Expression[] {
  const load = expression('meta', u32be(2, key), u32be(1, 1));
  return [load, compare(1, interfaceName(name), isNot ? NOT_EQUAL : EQUAL)];
}

/** `iifname "berth0"` */
export function comesFrom(name: string): readonly Expression[] {
  return metaInterface(META_IIFNAME, name, false);
}

/** `oifname "berth0"` */
export function goesTo(name: string): readonly Expression[] {
  return metaInterface(META_OIFNAME, name, false);
}

/** `oifname != "berth0"` */
export function goesElsewhereThan(name: string): readonly Expression[] {
  return metaInterface(META_OIFNAME, name, true);
}

/** `ip saddr 172.17.0.0/16`, `ip daddr …`: whole bytes are compared as they are, as nft does it. */
export function addressIn(
  which: 'source' | 'destination',
  subnet: { readonly address: Buffer; readonly prefixLength: number },
): readonly Expression[] {
  const { address, prefixLength } = subnet;
  const offset = which === 'source' ? 12 : 16;
  if (prefixLength % 8 === 0) {
    const sizeBytes = prefixLength / 8;
    return [networkHeader(offset, { register: 1, sizeBytes }), compare(1, address.subarray(0, sizeBytes))];
  }
  const bits = Buffer.alloc(4);
  bits.writeUInt32BE((0xffffffff << (32 - prefixLength)) >>> 0);
  return [networkHeader(offset, { register: 1, sizeBytes: 4 }), mask(bits), compare(1, address)];
}

/** Four bytes of register 1. */
function mask(bits: Buffer): Expression {
  const xor = nested(5, attribute(1, Buffer.alloc(4)));
  return expression('bitwise', u32be(1, 1), u32be(2, 1), u32be(3, 4), nested(4, attribute(1, bits)), xor);
}

/** Bytes of the IP header into a register. */
function networkHeader(
  offset: number,
  options: { readonly register: number; readonly sizeBytes: number },
): Expression {
  const where = [u32be(2, BASE_NETWORK), u32be(3, offset), u32be(4, options.sizeBytes)];
  return expression('payload', u32be(1, options.register), ...where);
}

/** `ct state established,related`, `ct status dnat`: any of the bits. */
export function connectionHas(what: 'state' | 'status', bits: number): readonly Expression[] {
  const wanted = Buffer.alloc(4);
  wanted.writeUInt32LE(bits);
  return [
    expression('ct', u32be(2, what === 'state' ? CT_STATE : CT_STATUS), u32be(1, 1)),
    mask(wanted),
    compare(1, Buffer.alloc(4), NOT_EQUAL),
  ];
}

/** `fib daddr type local` */
export function isForThisMachine(): readonly Expression[] {
  const RESULT_ADDRESS_TYPE = 3;
  const FLAG_DADDR = 2;
  const RTN_LOCAL = Buffer.from([2, 0, 0, 0]);
  return [
    expression('fib', u32be(1, 1), u32be(2, RESULT_ADDRESS_TYPE), u32be(3, FLAG_DADDR)),
    compare(1, RTN_LOCAL),
  ];
}

/** `dnat ip to [ip daddr .] meta l4proto . th dport map @name` */
export function dnatByMap(map: string, options: { readonly withAddress: boolean }): readonly Expression[] {
  const registers = options.withAddress ? [REGISTER_2, REGISTER_3] : [REGISTER_1, REGISTER_2];
  const [protocol = REGISTER_1, port = REGISTER_2] = registers;
  return [
    ...(options.withAddress ? [networkHeader(16, { register: REGISTER_1, sizeBytes: 4 })] : []),
    expression('meta', u32be(2, META_L4PROTO), u32be(1, protocol)),
    expression('payload', u32be(1, port), u32be(2, BASE_TRANSPORT), u32be(3, 2), u32be(4, 2)),
    expression('lookup', text(1, map), u32be(2, REGISTER_1), u32be(3, REGISTER_1)),
    expression('nat', u32be(1, 1), u32be(2, IPV4), u32be(3, REGISTER_1), u32be(5, REGISTER_2)),
  ];
}

export function masquerade(): readonly Expression[] {
  return [expression('masq')];
}

export function counter(): readonly Expression[] {
  return [expression('counter')];
}

export function verdict(kind: 'accept' | 'drop'): readonly Expression[] {
  return [immediateVerdict(u32be(1, VERDICTS[kind]))];
}

export function jump(chain: string): readonly Expression[] {
  return [immediateVerdict(u32be(1, VERDICTS.jump), text(2, chain))];
}

function immediateVerdict(...data: readonly Buffer[]): Expression {
  return expression('immediate', u32be(1, REGISTER_VERDICT), nested(2, nested(2, ...data)));
}
