/**
 * Whiteouts: how a layer says that something of the layers below is gone.
 * @see image-spec v1.1 layer.md#whiteouts
 */

export const WHITEOUT_PREFIX = '.wh.';
/** A file of this name hides all that the layers below have in its directory. */
export const WHITEOUT_OPAQUE = '.wh..wh..opq';
/** Names that aufs kept for itself (`.wh..wh.plnk`, `.wh..wh.aufs`, `.wh..wh.orph`); nothing of them is unpacked. */
export const WHITEOUT_AUFS_PREFIX = '.wh..wh.';

export type Whiteout =
  /** `path` of the layers below is gone. */
  | { readonly kind: 'whiteout'; readonly path: string }
  /** All that the layers below have in `directory` is gone; the root is `.`. */
  | { readonly kind: 'opaque'; readonly directory: string }
  /** Left over from aufs, or inside such a directory. */
  | { readonly kind: 'aufs' }
  /** Names nothing (`.wh.`), a directory's own names (`.wh..`, `.wh...`), or has a whiteout as a parent. */
  | { readonly kind: 'invalid' };

/** What the path says, or `undefined` for an ordinary name. Takes a cleaned path. */
export function readWhiteout(path: string): Whiteout | undefined {
  if (!path.includes(WHITEOUT_PREFIX)) return undefined;
  const parts = trimSlashes(path).split('/');
  const name = parts.at(-1) ?? '';
  const parents = parts.slice(0, -1);
  const isPrivate = (part: string) => part.startsWith(WHITEOUT_AUFS_PREFIX) && part !== WHITEOUT_OPAQUE;
  if (parts.some(isPrivate)) return { kind: 'aufs' };
  if (parents.some((part) => part.startsWith(WHITEOUT_PREFIX))) return { kind: 'invalid' };
  if (!name.startsWith(WHITEOUT_PREFIX)) return undefined;
  if (name === WHITEOUT_OPAQUE) return { kind: 'opaque', directory: parents.join('/') || '.' };
  const target = name.slice(WHITEOUT_PREFIX.length);
  if (target === '' || target === '.' || target === '..') return { kind: 'invalid' };
  return { kind: 'whiteout', path: [...parents, target].join('/') };
}

/** True for every name that has a meaning of its own and so can never be a file of an image. */
export function isWhiteout(path: string): boolean {
  return readWhiteout(path) !== undefined;
}

/** The path that a plain whiteout hides; `undefined` for opaque markers, aufs' names and ordinary ones. */
export function whiteoutTarget(path: string): string | undefined {
  const whiteout = readWhiteout(path);
  return whiteout?.kind === 'whiteout' ? whiteout.path : undefined;
}

/** The path of the whiteout that hides `path`. */
export function whiteoutPath(path: string): string {
  const trimmed = trimSlashes(path);
  const at = trimmed.lastIndexOf('/') + 1;
  return `${trimmed.slice(0, at)}${WHITEOUT_PREFIX}${trimmed.slice(at)}`;
}

function trimSlashes(path: string): string {
  return path.replace(/\/+$/, '');
}
