/** Just enough of the distinguished encoding rules to write a certificate. @see ITU-T X.690 */

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(body.length)]), body]);
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tagged(TAG.sequence, ...parts);
}

export function set(...parts: readonly Uint8Array[]): Buffer {
  return tagged(TAG.set, ...parts);
}

export function boolean(value: boolean): Buffer {
  return tagged(TAG.boolean, Buffer.from([value ? 0xff : 0]));
}

/** @param bytes of a number that is not negative, most significant first, first byte not 0 unless alone */
export function integer(bytes: Uint8Array): Buffer {
  const needsZero = ((bytes[0] ?? 0) & 0x80) !== 0;
  return tagged(TAG.integer, needsZero ? Buffer.from([0]) : Buffer.alloc(0), bytes);
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return tagged(TAG.bits, Buffer.from([unusedBits]), bytes);
}

export function octetString(bytes: Uint8Array): Buffer {
  return tagged(TAG.octets, bytes);
}

export function utf8String(text: string): Buffer {
  return tagged(TAG.utf8, Buffer.from(text, 'utf8'));
}

/** `GeneralizedTime` to the second; RFC 5280 wants `UTCTime` before 2050, which {@link utcTime} writes. */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  return date.getUTCFullYear() >= 2050 ? tagged(TAG.time, Buffer.from(digits)) : utcTime(digits.slice(2));
}

function utcTime(digits: string): Buffer {
  return tagged(0x17, Buffer.from(digits));
}

/** @param dotted `2.5.29.19`; the first two numbers share a byte */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tagged(TAG.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}
