/** Why a path of a tar is not used. */
export type PathRefusal =
  /** `..` leads above the root of the archive. */
  | 'escapes'
  /** A NUL ends names for the kernel, so two programs would see two names. */
  | 'nul';

export type CleanPath = { readonly path: string } | { readonly refused: PathRefusal };

/**
 * The one relative form of an entry's path (or of a hard link's target): no leading, double or closing slash,
 * no `.`, no `..`; the root itself is `.`.
 *
 * As Docker does, a leading `/` is dropped and `a/../b` is `b` (by the text alone: no symlink is looked at).
 * A backslash is a letter like any other. The result stays inside the root as text; whoever opens it must
 * still resolve symlinks inside that root.
 */
export function cleanEntryPath(path: string): CleanPath {
  if (path.includes('\0')) return { refused: 'nul' };
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.pop() === undefined) return { refused: 'escapes' };
  }
  return { path: kept.join('/') || '.' };
}
