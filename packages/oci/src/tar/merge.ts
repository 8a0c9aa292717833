import type { TarEntry, TarEntryType } from './entry.ts';
import type { Extensions } from './extensions.ts';
import type { Header } from './header.ts';
import type { TarLimits } from './limits.ts';
import { bytesToPath, pathToBytes } from './name-bytes.ts';
import { parseDecimal } from './numeric.ts';
import { PAX_XATTR_PREFIX, parsePaxTime, xattrName } from './pax.ts';
import type { TarPlace } from './place.ts';

type Records = ReadonlyMap<string, Buffer>;

const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();
const MAX_ID = 2 ** 32 - 2;
const NANOSECONDS = 1_000_000_000n;
/** Type flags with a meaning for a root filesystem; `7` is a file laid out in one piece, `S` GNU's sparse file. */
const TYPES: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

export interface MergeContext {
  readonly extensions: Extensions;
  readonly place: TarPlace;
  readonly limits: Required<TarLimits>;
}

/**
 * The entry that a header block and the extension headers before it make together; `size` is still the number
 * of stored bytes.
 * @throws {OciError} `TAR_INVALID`
 */
export function mergeEntry(header: Header, { extensions, place, limits }: MergeContext): TarEntry {
  const records = extensions.merged();
  const ownPath = name('path', records, { place, gnu: extensions.longPath, plain: header.path });
  // For a sparse file the own path is only what readers that know no sparse files are to write.
  const path = name('GNU.sparse.name', records, { place, plain: ownPath });
  place.name = path;
  const type = entryType(header.typeFlag, path, place);
  const isLink = type === 'symlink' || type === 'hardlink';
  const linkName = name('linkpath', records, { place, gnu: extensions.longLinkPath, plain: header.linkPath });
  const entry: TarEntry = {
    type,
    path,
    linkPath: isLink ? linkName : '',
    mode: unsigned('mode', header.mode, place) & 0o7777,
    uid: id('uid', number('uid', records, { place, plain: header.uid }), place),
    gid: id('gid', number('gid', records, { place, plain: header.gid }), place),
    uname: name('uname', records, { place, plain: header.uname }),
    gname: name('gname', records, { place, plain: header.gname }),
    size: unsigned('size', number('size', records, { place, plain: header.size }), place),
    mtime: time('mtime', records, { place, plain: header.mtime }) ?? 0n,
    atime: time('atime', records, { place, plain: header.atime }),
    ctime: time('ctime', records, { place, plain: header.ctime }),
    devMajor: device(header.devMajor, place),
    devMinor: device(header.devMinor, place),
    xattrs: xattrs(records, place),
    sparse: undefined,
    pax: records,
  };
  check(entry, { place, limits });
  return entry;
}

function entryType(typeFlag: string, path: string, place: TarPlace): TarEntryType {
  // Before POSIX a directory was a file whose name ends in a slash.
  if (typeFlag === '\0' && path.endsWith('/')) return 'directory';
  const type = TYPES[typeFlag];
  if (type !== undefined) return type;
  const flag = JSON.stringify(typeFlag);
  throw place.error(
    `type flag ${flag} is none that an image layer can have`,
    'Leave this entry out of the archive',
  );
}

function check(entry: TarEntry, { place, limits }: Pick<MergeContext, 'place' | 'limits'>): void {
  const { type, path, linkPath, size } = entry;
  // Some writers name the root "", others "./".
  if (path === '' && type !== 'directory') throw place.error(`a ${type} has no name`);
  if (linkPath === '' && (type === 'symlink' || type === 'hardlink'))
    throw place.error(`a ${type} has no target`);
  for (const text of [path, linkPath]) {
    if (text.length * 3 <= limits.maxPathBytes) continue;
    const { length } = pathToBytes(text);
    if (length > limits.maxPathBytes)
      throw place.error(`a name has ${length} bytes, more than ${limits.maxPathBytes}`);
  }
  // Some readers skip such bytes and some take them for headers.
  if (size !== 0 && type !== 'file') throw place.error(`a ${type} has a size of ${size} bytes, expected 0`);
  if (size > limits.maxFileBytes)
    throw place.error(`the file has ${size} bytes, more than ${limits.maxFileBytes}`);
}

interface Sources<Plain> {
  readonly place: TarPlace;
  readonly plain: Plain;
  readonly gnu?: string | undefined;
}

function name(key: string, records: Records, { place, plain, gnu }: Sources<string>): string {
  const record = records.get(key);
  if (record === undefined) return gnu ?? plain;
  if (gnu !== undefined) throw place.error(`both a GNU long name and the PAX record "${key}" name it`);
  if (record.includes(0)) throw place.error(`the PAX record "${key}" has a NUL inside`);
  return bytesToPath(record);
}

function number(key: string, records: Records, { place, plain }: Sources<number>): number {
  const record = records.get(key);
  if (record === undefined) return plain;
  const value = parseDecimal(record.toString('latin1'));
  if (value !== undefined) return value;
  throw place.error(`the PAX record "${key}" is ${shown(record)}, expected a decimal number below 2^53`);
}

function time(
  key: string,
  records: Records,
  { place, plain }: Sources<number | undefined>,
): bigint | undefined {
  const record = records.get(key);
  if (record === undefined) return plain === undefined ? undefined : BigInt(plain) * NANOSECONDS;
  const value = parsePaxTime(record.toString('latin1'));
  if (value !== undefined) return value;
  throw place.error(`the PAX record "${key}" is ${shown(record)}, expected seconds since 1970`);
}

function unsigned(what: string, value: number, place: TarPlace): number {
  if (value < 0) throw place.error(`its ${what} is ${value}, expected 0 or more`);
  return value;
}

function id(what: string, value: number, place: TarPlace): number {
  if (value >= 0 && value <= MAX_ID) return value;
  throw place.error(`its ${what} is ${value}, expected 0 to ${MAX_ID}`);
}

function device(value: number, place: TarPlace): number {
  if (value >= 0 && value < 2 ** 32) return value;
  throw place.error(`its device number is ${value}, expected 0 to 4294967295`);
}

function xattrs(records: Records, place: TarPlace): ReadonlyMap<string, Uint8Array> {
  if (records.size === 0) return NO_XATTRS;
  const found = new Map<string, Uint8Array>();
  for (const [key, value] of records) {
    if (!key.startsWith(PAX_XATTR_PREFIX)) continue;
    const xattr = xattrName(key);
    if (xattr === '') throw place.error('an extended attribute has no name');
    found.set(xattr, value);
  }
  return found;
}

function shown(record: Buffer): string {
  return JSON.stringify(record.toString('latin1', 0, 40));
}
