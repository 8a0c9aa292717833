import { bytesToPath } from './name-bytes.ts';
import { type Field, parseNumber, readNumber } from './numeric.ts';
import type { TarPlace } from './place.ts';

export const BLOCK_SIZE = 512;

/** A header block as it stands, before extension headers. Times in whole seconds. */
export interface Header {
  readonly typeFlag: string;
  readonly path: string;
  readonly linkPath: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly uname: string;
  readonly gname: string;
  readonly devMajor: number;
  readonly devMinor: number;
  readonly atime: number | undefined;
  readonly ctime: number | undefined;
}

// POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
const NAME: Field = { what: 'name', at: 0, length: 100 };
const MODE: Field = { what: 'mode', at: 100, length: 8 };
const UID: Field = { what: 'uid', at: 108, length: 8 };
const GID: Field = { what: 'gid', at: 116, length: 8 };
const SIZE: Field = { what: 'size', at: 124, length: 12 };
const MTIME: Field = { what: 'mtime', at: 136, length: 12 };
const CHECKSUM: Field = { what: 'checksum', at: 148, length: 8 };
const LINK_NAME: Field = { what: 'linkname', at: 157, length: 100 };
const UNAME: Field = { what: 'uname', at: 265, length: 32 };
const GNAME: Field = { what: 'gname', at: 297, length: 32 };
const DEV_MAJOR: Field = { what: 'devmajor', at: 329, length: 8 };
const DEV_MINOR: Field = { what: 'devminor', at: 337, length: 8 };
const PREFIX: Field = { what: 'prefix', at: 345, length: 155 };
const STAR_PREFIX: Field = { what: 'prefix', at: 345, length: 131 };
const GNU_ATIME: Field = { what: 'atime', at: 345, length: 12 };
const GNU_CTIME: Field = { what: 'ctime', at: 357, length: 12 };

/**
 * Reads one block.
 * @returns `undefined` for a block of zeros
 * @throws {OciError} `TAR_INVALID`
 */
export function readHeader(block: Buffer, place: TarPlace): Header | undefined {
  if (!hasChecksum(block, place)) return undefined;
  const magic = block.toString('latin1', 257, 263);
  const isGnu = magic === 'ustar ';
  const isUstar = magic === 'ustar\0';
  const name = text(block, NAME);
  place.name = name;
  const typeFlag = String.fromCharCode(block[156] ?? 0);
  const isDevice = (isGnu || isUstar) && (typeFlag === '3' || typeFlag === '4');
  const gnu = isGnu ? readGnu(block) : undefined;
  const prefix = isUstar ? text(block, isStar(block) ? STAR_PREFIX : PREFIX) : (gnu?.prefix ?? '');
  const path = prefix === '' ? name : `${prefix}/${name}`;
  place.name = path;
  return {
    typeFlag,
    path,
    linkPath: text(block, LINK_NAME),
    mode: readNumber(block, MODE, place),
    uid: readNumber(block, UID, place),
    gid: readNumber(block, GID, place),
    size: readNumber(block, SIZE, place),
    mtime: readNumber(block, MTIME, place),
    uname: isGnu || isUstar ? text(block, UNAME) : '',
    gname: isGnu || isUstar ? text(block, GNAME) : '',
    devMajor: isDevice ? readNumber(block, DEV_MAJOR, place) : 0,
    devMinor: isDevice ? readNumber(block, DEV_MINOR, place) : 0,
    atime: gnu?.atime,
    ctime: gnu?.ctime,
  };
}

/** The sum counts the checksum field as spaces. Old Sun writers summed signed bytes; both are taken. */
function hasChecksum(block: Buffer, place: TarPlace): boolean {
  let sum = 0;
  for (let at = 0; at < BLOCK_SIZE; at++) sum += block[at] as number;
  if (sum === 0) return false;
  const stored = readNumber(block, CHECKSUM, place);
  for (let at = CHECKSUM.at; at < CHECKSUM.at + CHECKSUM.length; at++) sum += 0x20 - (block[at] as number);
  if (stored === sum) return true;
  let signed = 8 * 0x20;
  for (let at = 0; at < BLOCK_SIZE; at++) {
    if (at < CHECKSUM.at || at >= CHECKSUM.at + CHECKSUM.length)
      signed += ((block[at] as number) << 24) >> 24;
  }
  if (stored === signed) return true;
  throw place.error(
    `expected checksum ${sum}, got ${stored}`,
    'Check that this is a tar, already decompressed',
  );
}

/** Schily's star keeps times where ustar has the end of the prefix, and signs the block at 508. */
function isStar(block: Buffer): boolean {
  return block.toString('latin1', 508, 512) === 'tar\0';
}

/**
 * Where ustar has a prefix, GNU has times. Docker images made with Go before 1.8 carry the GNU magic *and* a
 * prefix: bytes there that are no numbers are such a prefix.
 */
function readGnu(block: Buffer): { prefix?: string; atime?: number; ctime?: number } {
  const atime = parseNumber(block, GNU_ATIME);
  const ctime = parseNumber(block, GNU_CTIME);
  if (!Number.isSafeInteger(atime) || !Number.isSafeInteger(ctime)) {
    const prefix = text(block, PREFIX);
    return /^[\x20-\x7e]*$/.test(prefix) ? { prefix } : {};
  }
  return {
    ...(block[GNU_ATIME.at] === 0 ? {} : { atime }),
    ...(block[GNU_CTIME.at] === 0 ? {} : { ctime }),
  };
}

/** Name as text up to the first NUL. */
function text(block: Buffer, field: Field): string {
  const limit = field.at + field.length;
  let end = field.at;
  let bits = 0;
  for (; end < limit; end++) {
    const byte = block[end] as number;
    if (byte === 0) break;
    bits |= byte;
  }
  if (end === field.at) return '';
  return bits < 0x80 ? block.toString('latin1', field.at, end) : bytesToPath(block.subarray(field.at, end));
}
