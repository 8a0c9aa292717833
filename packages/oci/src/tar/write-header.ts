import { OciError } from '../errors.ts';
import type { TarEntry, TarEntryType } from './entry.ts';
import { BLOCK_SIZE } from './header.ts';
import { pathToBytes, showName } from './name-bytes.ts';
import { formatPaxRecord, formatPaxTime, xattrKey } from './pax.ts';

const TYPE_FLAGS: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};
const PAX_HEADER_NAME = Buffer.from('././@PaxHeader');
const NANOSECONDS = 1_000_000_000n;
const NO_BYTES = Buffer.alloc(0);
const MAX_ID = 2 ** 32 - 2;
const MAX_DEVICE = 0o7777777;

/**
 * The header blocks of one entry in canonical form: a PAX header when ustar cannot say it, then the ustar block.
 * @throws {OciError} `TAR_INVALID` for an entry that no tar can hold
 */
export function formatHeader(
  entry: TarEntry,
  { withTimes }: { readonly withTimes: boolean },
): readonly Buffer[] {
  check(entry);
  const records = new Map<string, Uint8Array>();
  const block = Buffer.alloc(BLOCK_SIZE);
  const path = pathToBytes(canonicalPath(entry));
  const linkPath = pathToBytes(entry.linkPath);
  putPath(block, path, records);
  block.write(TYPE_FLAGS[entry.type], 156, 'latin1');
  putText(block, linkPath, { at: 157, length: 100, key: 'linkpath', records });
  const uname = pathToBytes(entry.uname);
  const gname = pathToBytes(entry.gname);
  // A NUL must close these two, but not the names above.
  putText(block, uname, { at: 265, length: 31, key: 'uname', records });
  putText(block, gname, { at: 297, length: 31, key: 'gname', records });
  if (![entry.path, entry.linkPath, entry.uname, entry.gname].every((text) => text.isWellFormed())) {
    records.set('hdrcharset', Buffer.from('BINARY'));
  }
  putOctal(block, entry.mode & 0o7777, { at: 100, digits: 7, records });
  putOctal(block, entry.uid, { at: 108, digits: 7, key: 'uid', records });
  putOctal(block, entry.gid, { at: 116, digits: 7, key: 'gid', records });
  putOctal(block, entry.size, { at: 124, digits: 11, key: 'size', records });
  putTime(block, entry.mtime, records);
  putOctal(block, entry.devMajor, { at: 329, digits: 7, records });
  putOctal(block, entry.devMinor, { at: 337, digits: 7, records });
  if (withTimes && entry.atime !== undefined) records.set('atime', Buffer.from(formatPaxTime(entry.atime)));
  if (withTimes && entry.ctime !== undefined) records.set('ctime', Buffer.from(formatPaxTime(entry.ctime)));
  for (const [name, value] of entry.xattrs) records.set(xattrKey(name), value);
  seal(block);
  return records.size === 0 ? [block] : [...paxHeader(records), block];
}

function check(entry: TarEntry): void {
  const why = refusal(entry);
  if (why === undefined) return;
  throw new OciError('TAR_INVALID', `Cannot write tar entry "${showName(entry.path)}": ${why}`, {
    detail: { entry: entry.path },
  });
}

function refusal({ type, path, linkPath, ...entry }: TarEntry): string | undefined {
  const isLink = type === 'symlink' || type === 'hardlink';
  const isDevice = type === 'char' || type === 'block';
  if (path === '' && type !== 'directory') return 'it has no name';
  if (type === 'file' && path.endsWith('/')) return 'the name of a file ends in a slash';
  const names = [path, linkPath, entry.uname, entry.gname, ...entry.xattrs.keys()];
  if (names.some((text) => text.includes('\0'))) return 'a name has a NUL inside';
  if (entry.xattrs.has('')) return 'an extended attribute has no name';
  if (isLink !== (linkPath !== '')) {
    return `its target is "${showName(linkPath)}", expected ${isLink ? 'one' : 'none'} for a ${type}`;
  }
  if (type !== 'file' && entry.size !== 0) return `it is a ${type} with ${entry.size} bytes, expected 0`;
  const numbers = [entry.size, entry.mode, entry.uid, entry.gid, entry.devMajor, entry.devMinor];
  if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) {
    return 'its size, mode, owner or device number is negative or no whole number';
  }
  if (Math.max(entry.uid, entry.gid) > MAX_ID)
    return `its owner is ${entry.uid}:${entry.gid}, expected at most ${MAX_ID}`;
  if (Math.max(entry.devMajor, entry.devMinor) <= (isDevice ? MAX_DEVICE : 0)) return undefined;
  return `its device number is ${entry.devMajor}:${entry.devMinor}, expected at most ${isDevice ? MAX_DEVICE : 0} for a ${type}`;
}

/** A directory ends in one slash; the root is `./`. */
function canonicalPath({ type, path }: TarEntry): string {
  if (type !== 'directory') return path;
  const trimmed = path.replace(/\/+$/, '');
  return trimmed === '' ? (path === '' ? './' : '/') : `${trimmed}/`;
}

type Records = Map<string, Uint8Array>;

function putPath(block: Buffer, path: Buffer, records: Records): void {
  // The first slash that leaves at most 100 bytes behind it, and something; at most 155 before it.
  const slash = path.length <= 100 || !isAscii(path) ? -1 : path.indexOf('/', path.length - 101);
  if (slash <= 0 || slash > 155 || slash === path.length - 1) {
    putText(block, path, { at: 0, length: 100, key: 'path', records });
    return;
  }
  path.copy(block, 345, 0, slash);
  path.copy(block, 0, slash + 1);
}

interface TextField {
  readonly at: number;
  readonly length: number;
  readonly key: string;
  readonly records: Records;
}

function putText(block: Buffer, bytes: Buffer, { at, length, key, records }: TextField): void {
  const isPlain = isAscii(bytes);
  if (isPlain && bytes.length <= length) {
    bytes.copy(block, at);
    return;
  }
  records.set(key, bytes);
  // For readers that know no PAX: what fits, odd bytes as `_`.
  for (let index = 0; index < Math.min(bytes.length, length); index++) {
    const byte = bytes[index] as number;
    block[at + index] = byte < 0x80 ? byte : 0x5f;
  }
}

interface NumberField {
  readonly at: number;
  readonly digits: number;
  readonly records: Records;
  readonly key?: string;
}

function putOctal(block: Buffer, value: number, { at, digits, key, records }: NumberField): void {
  const isFitting = value < 8 ** digits;
  if (!isFitting && key !== undefined) records.set(key, Buffer.from(String(value)));
  block.write((isFitting ? value : 0).toString(8).padStart(digits, '0'), at, 'latin1');
}

function putTime(block: Buffer, mtime: bigint, records: Records): void {
  const seconds = mtime / NANOSECONDS - (mtime % NANOSECONDS < 0n ? 1n : 0n);
  const isFitting = seconds >= 0n && seconds < 8n ** 11n;
  if (!isFitting || mtime % NANOSECONDS !== 0n) records.set('mtime', Buffer.from(formatPaxTime(mtime)));
  putOctal(block, isFitting ? Number(seconds) : 0, { at: 136, digits: 11, records });
}

/** Magic, version and checksum. */
function seal(block: Buffer): void {
  block.write('ustar\x0000', 257, 'latin1');
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (let at = 0; at < BLOCK_SIZE; at++) sum += block[at] as number;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

function paxHeader(records: Records): readonly Buffer[] {
  const sorted = [...records]
    .map(([key, value]) => ({ key: pathToBytes(key), value }))
    .sort((a, b) => Buffer.compare(a.key, b.key));
  const body = Buffer.concat(sorted.map(({ key, value }) => formatPaxRecord(key, value)));
  const block = Buffer.alloc(BLOCK_SIZE);
  PAX_HEADER_NAME.copy(block);
  block.write('x', 156, 'latin1');
  const fields = [
    { at: 100, digits: 7, value: 0o644 },
    { at: 108, digits: 7, value: 0 },
    { at: 116, digits: 7, value: 0 },
    { at: 124, digits: 11, value: body.length },
    { at: 136, digits: 11, value: 0 },
    { at: 329, digits: 7, value: 0 },
    { at: 337, digits: 7, value: 0 },
  ];
  for (const { at, digits, value } of fields) putOctal(block, value, { at, digits, records });
  seal(block);
  return [block, body, padding(body.length)];
}

const ZERO_BLOCK = Buffer.alloc(BLOCK_SIZE);

/** The zeros that fill `size` up to a whole block. */
export function padding(size: number): Buffer {
  const over = size % BLOCK_SIZE;
  return over === 0 ? NO_BYTES : ZERO_BLOCK.subarray(over);
}

function isAscii(bytes: Buffer): boolean {
  for (let index = 0; index < bytes.length; index++) if ((bytes[index] as number) >= 0x80) return false;
  return true;
}
