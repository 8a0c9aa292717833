import { basename, dirname, normalize } from 'node:path';
import type { TarItem } from '@berth/oci';
import { VerbError } from '../interface.ts';

/** What is at an end of a copy, or would be. */
export interface End {
  /** As given: a slash or "/." at its end means something. */
  readonly path: string;
  readonly isThere: boolean;
  readonly isFolder: boolean;
  /** The name that the copy shall have instead of the path's own. */
  readonly name?: string;
}

export interface Placement {
  /** Where the archive is unpacked. */
  readonly folder: string;
  /** Its entries begin with `from`, and shall begin with `to`. */
  readonly rename: { readonly from: string; readonly to: string } | undefined;
}

/**
 * Docker's rules, which are those of `cp -r`: into a folder that is there; over a file; or under a new name where nothing is.
 *
 * @throws {VerbError}
 */
export function placeCopy(source: End, target: End): Placement {
  if (target.isThere && target.isFolder) return { folder: target.path, rename: undefined };
  const { folder, base } = splitEnd(target.path);
  const from = source.name ?? splitEnd(source.path).base;
  if (target.isThere && source.isFolder) throw new VerbError('cannot copy directory');
  if (!target.isThere && !source.isFolder && /\/\.?$/.test(target.path))
    throw new VerbError('no such directory');
  return { folder, rename: { from, to: base } };
}

/** The folder and the name in it; of `/a/.` the name is the dot. */
export function splitEnd(path: string): { readonly folder: string; readonly base: string } {
  const clean = normalize(path).replace(/(.)\/$/, '$1');
  if (/\/\.$/.test(path) || path === '.') return { folder: clean, base: '.' };
  return { folder: dirname(clean), base: basename(clean) };
}

/** Entries under their new name; hard links name entries, so they change as well. */
export async function* renamed(
  items: AsyncIterable<TarItem>,
  rename: Placement['rename'],
): AsyncGenerator<TarItem> {
  for await (const item of items) {
    if (rename === undefined) yield item;
    else {
      const { entry } = item;
      const linkPath = entry.type === 'hardlink' ? movePath(entry.linkPath, rename) : entry.linkPath;
      yield { ...item, entry: { ...entry, path: movePath(entry.path, rename), linkPath } };
    }
  }
}

function movePath(path: string, { from, to }: NonNullable<Placement['rename']>): string {
  // The root of a container is an entry without a name.
  const old = from === '/' ? '' : from;
  return path.startsWith(old)
    ? `${to}${old === '' && path !== '' ? '/' : ''}${path.slice(old.length)}`
    : path;
}

/** Go's `os.FileMode`. */
export function isFolderMode(mode: number): boolean {
  return (mode & 0x80000000) !== 0;
}

export function isLinkMode(mode: number): boolean {
  return (mode & 0x08000000) !== 0;
}
