import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { getXattr, listXattrs } from '@berth/linux';
import { bytesToPath, pathToBytes } from '@berth/oci';

const LARGE_BYTES = 1n << 30n;

export interface ListingOptions {
  /** Times of directories change with what is made in them. */
  readonly withTimes?: boolean;
}

/**
 * A tree as lines that can be compared: name, type, mode, owner, size, content, links, xattrs. Files with several
 * names show the first of them.
 */
export function listTree(root: string, options: ListingOptions = {}): readonly string[] {
  const lines: string[] = [];
  const names = new Map<string, string>();
  const visit = (path: string, name: string) => {
    const stat = lstatSync(pathToBytes(path), { bigint: true });
    lines.push(describe(path, name, { stat, names, options }));
    if (!stat.isDirectory()) return;
    const children = readdirSync(pathToBytes(path), { encoding: 'buffer' }).sort(Buffer.compare);
    for (const child of children.map(bytesToPath))
      visit(`${path}/${child}`, name === '' ? child : `${name}/${child}`);
  };
  visit(root, '');
  return lines;
}

function describe(
  path: string,
  name: string,
  context: {
    readonly stat: BigIntStats;
    readonly names: Map<string, string>;
    readonly options: ListingOptions;
  },
): string {
  const { stat, names, options } = context;
  const inode = `${stat.dev}:${stat.ino}`;
  const first = stat.isDirectory() || stat.nlink === 1n ? name : (names.get(inode) ?? name);
  names.set(inode, first);
  const mode = (stat.mode & 0o7777n).toString(8).padStart(4, '0');
  return [
    JSON.stringify(name),
    kindOf(path, stat),
    mode,
    `${stat.uid}:${stat.gid}`,
    ...(first === name ? [] : [`= ${JSON.stringify(first)}`]),
    ...(options.withTimes ? [`at ${stat.mtimeNs}`] : []),
    ...xattrsOf(path),
  ].join(' ');
}

function kindOf(path: string, stat: BigIntStats): string {
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink())
    return `symlink ${JSON.stringify(bytesToPath(readlinkSync(pathToBytes(path), 'buffer')))}`;
  if (stat.isFIFO()) return 'fifo';
  if (stat.isCharacterDevice()) return `char ${stat.rdev}`;
  if (stat.isBlockDevice()) return `block ${stat.rdev}`;
  // The files of a pool are mostly holes, and as long as a disk.
  if (stat.size > LARGE_BYTES) return `file ${stat.size}`;
  const hash = createHash('sha256')
    .update(readFileSync(pathToBytes(path)))
    .digest('hex');
  return `file ${stat.size} ${hash.slice(0, 12)}`;
}

/** Overlayfs keeps its own notes as xattrs; through a mount they do not show. */
function xattrsOf(path: string): readonly string[] {
  return listXattrs(path)
    .sort()
    .map((name) => `${name}=${getXattr(path, name)?.toString('hex') ?? ''}`);
}
