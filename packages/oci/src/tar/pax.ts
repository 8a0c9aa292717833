import { bytesToPath } from './name-bytes.ts';
import { parseDecimal } from './numeric.ts';
import type { TarPlace } from './place.ts';

export const PAX_XATTR_PREFIX = 'SCHILY.xattr.';

const EQUALS = 0x3d;
const NEWLINE = 0x0a;
const NANOSECONDS = 1_000_000_000n;

/**
 * Reads `<length> <key>=<value>\n` records, in order; keys may repeat.
 * @throws {OciError} `TAR_INVALID` when any record breaks that form
 * @see POSIX.1-2017, pax, "pax Header Block"
 */
export function readPaxRecords(body: Buffer, place: TarPlace): readonly (readonly [string, Buffer])[] {
  const records: [string, Buffer][] = [];
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length =
      space < 0 || space - at > 10 ? undefined : parseDecimal(body.toString('latin1', at, space));
    const end = at + (length ?? 0);
    if (length === undefined || end > body.length || end < space + 3 || body[end - 1] !== NEWLINE) {
      throw place.error(
        `PAX record at byte ${at} of its header does not have the form "<length> <key>=<value>"`,
      );
    }
    const equals = body.indexOf(EQUALS, space + 1);
    if (equals <= space + 1 || equals >= end) throw place.error(`PAX record at byte ${at} has no key`);
    const key = bytesToPath(body.subarray(space + 1, equals));
    if (key.includes('\0')) throw place.error(`PAX record at byte ${at} has a NUL in its key`);
    records.push([key, body.subarray(equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

/** The length counts its own digits. */
export function formatPaxRecord(key: Uint8Array, value: Uint8Array): Buffer {
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} `), key, Buffer.from('='), value, Buffer.from('\n')]);
}

/** `-?seconds[.fraction]` to nanoseconds; finer digits round towards the past, as POSIX asks. */
export function parsePaxTime(text: string): bigint | undefined {
  const match = /^(-?)([0-9]{1,16})(?:\.([0-9]*))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, seconds = '', fraction = ''] = match;
  const size = BigInt(seconds) * NANOSECONDS + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  if (sign === '') return size;
  return /[1-9]/.test(fraction.slice(9)) ? -size - 1n : -size;
}

/** The shortest form: no closing zeros, no sign for zero. */
export function formatPaxTime(nanoseconds: bigint): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = String(size % NANOSECONDS)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${nanoseconds < 0n ? '-' : ''}${size / NANOSECONDS}${fraction === '' ? '' : `.${fraction}`}`;
}

/** GNU tar's way to have `=` in the name of an xattr: `%3D`, and `%25` for `%`. */
export function xattrKey(name: string): string {
  return PAX_XATTR_PREFIX + name.replaceAll('%', '%25').replaceAll('=', '%3D');
}

export function xattrName(key: string): string {
  return key.slice(PAX_XATTR_PREFIX.length).replaceAll('%3D', '=').replaceAll('%25', '%');
}
