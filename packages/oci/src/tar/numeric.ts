import type { TarPlace } from './place.ts';

/** A fixed field of a header block. */
export interface Field {
  readonly what: string;
  readonly at: number;
  readonly length: number;
}

const SPACE = 0x20;
const ZERO = 0x30;
const SEVEN = 0x37;

/**
 * Reads octal digits between blanks, or GNU's base-256 form (top bit of the first byte set, two's complement).
 * An empty field is 0.
 * @throws {OciError} `TAR_INVALID` for other bytes and for numbers beyond 2^53−1
 */
export function readNumber(block: Buffer, field: Field, place: TarPlace): number {
  const value = parseNumber(block, field);
  if (Number.isSafeInteger(value)) return value;
  const raw = JSON.stringify(block.toString('latin1', field.at, field.at + field.length));
  const why = Number.isNaN(value) ? 'which is not an octal or base-256 number' : 'which is beyond 2^53−1';
  throw place.error(`field "${field.what}" is ${raw}, ${why}`);
}

/** As `readNumber`, but NaN for bytes that are no number and an infinity for one too large. */
export function parseNumber(block: Buffer, field: Field): number {
  const end = field.at + field.length;
  let at = field.at;
  if (((block[at] as number) & 0x80) !== 0) return parseBase256(block, field);
  while (at < end && (block[at] === SPACE || block[at] === 0)) at++;
  let value = 0;
  for (; at < end; at++) {
    const byte = block[at] as number;
    if (byte < ZERO || byte > SEVEN) break;
    value = value * 8 + byte - ZERO;
  }
  // After a NUL old writers leave whatever was in memory; after a space they do not.
  for (; at < end && block[at] !== 0; at++) {
    if (block[at] !== SPACE) return Number.NaN;
  }
  return value;
}

function parseBase256(block: Buffer, field: Field): number {
  const first = block[field.at] as number;
  const invert = (first & 0x40) === 0 ? 0 : 0xff;
  let value = (first ^ invert) & 0x7f;
  for (let at = field.at + 1; at < field.at + field.length; at++) {
    value = value * 256 + ((block[at] as number) ^ invert);
  }
  if (value >= Number.MAX_SAFE_INTEGER) return Number.POSITIVE_INFINITY;
  return invert === 0 ? value : -value - 1;
}

/** Decimal digits only, as PAX records and sparse maps have them; `undefined` for anything else or past 2^53−1. */
export function parseDecimal(text: string): number | undefined {
  if (!/^[0-9]{1,32}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
