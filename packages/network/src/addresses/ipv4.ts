import { isIPv4 } from 'node:net';
import { NetworkError } from '../errors.ts';

/** A block of addresses; `first` is its network address as a number. */
export interface Subnet {
  readonly first: number;
  readonly prefixLength: number;
}

/** Callers have checked it with `isIPv4` or made it themselves. */
export function ipv4ToNumber(address: string): number {
  return address.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}

export function ipv4FromNumber(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

export function ipv4Bytes(address: string): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(ipv4ToNumber(address));
  return bytes;
}

export function subnetSize(subnet: Subnet): number {
  return 2 ** (32 - subnet.prefixLength);
}

export function formatSubnet(subnet: Subnet): string {
  return `${ipv4FromNumber(subnet.first)}/${subnet.prefixLength}`;
}

/**
 * `172.20.0.0/16`; an address inside it counts as its network.
 *
 * @throws {NetworkError} `ADDRESS_INVALID`, also where it has no room for a gateway and one container
 */
export function parseSubnet(value: string): Subnet {
  const [address = '', length = '', ...more] = value.split('/');
  const prefixLength = /^\d{1,2}$/.test(length) && more.length === 0 ? Number(length) : -1;
  if (!isIPv4(address) || prefixLength < 8 || prefixLength > 30) {
    throw new NetworkError(
      'ADDRESS_INVALID',
      `Cannot use subnet "${value}": expected an IPv4 subnet like "172.20.0.0/16"`,
      {
        hint: 'Give an address and a prefix of 8 to 30',
      },
    );
  }
  const size = 2 ** (32 - prefixLength);
  return { first: Math.floor(ipv4ToNumber(address) / size) * size, prefixLength };
}

export function contains(subnet: Subnet, address: number): boolean {
  return address >= subnet.first && address < subnet.first + subnetSize(subnet);
}

export function overlaps(one: Subnet, other: Subnet): boolean {
  return contains(one, other.first) || contains(other, one.first);
}

/** As Docker makes it, so that an address that comes back has the MAC that neighbours remember: 02:42 and the address. */
export function macOfIpv4(address: string): string {
  return formatMac(Buffer.concat([Buffer.from([0x02, 0x42]), ipv4Bytes(address)]));
}

export function formatMac(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** @throws {NetworkError} `ADDRESS_INVALID`: not six bytes, or an address of a group */
export function parseMac(value: string): Buffer {
  const isMac = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(value);
  const bytes = isMac ? Buffer.from(value.replace(/[:-]/g, ''), 'hex') : Buffer.alloc(0);
  if (!isMac || ((bytes[0] ?? 1) & 1) === 1 || bytes.every((byte) => byte === 0)) {
    throw new NetworkError(
      'ADDRESS_INVALID',
      `Cannot use MAC address "${value}": it is not one of a single interface`,
      {
        hint: 'Write it like 02:42:ac:11:00:02',
      },
    );
  }
  return bytes;
}
