import {
  type Digest,
  isDigest,
  parseDigest,
  parseRepositoryName,
  parseTag,
  type RepositoryName,
  type Tag,
} from '@berth/oci';
import { RegistryError } from '../errors.ts';

/** What a path below `/v2/` means. @see distribution-spec v1.1 "Endpoints" */
export type Route =
  | { readonly kind: 'ping' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags'; readonly name: string }
  | { readonly kind: 'manifest'; readonly name: string; readonly reference: string }
  | { readonly kind: 'blob'; readonly name: string; readonly digest: string }
  | { readonly kind: 'uploads'; readonly name: string }
  | { readonly kind: 'upload'; readonly name: string; readonly id: string }
  | { readonly kind: 'referrers'; readonly name: string; readonly digest: string };

const PREFIX = '/v2/';

/**
 * A name has slashes and may even have a segment `manifests`, so the path is read from its end: the last segment
 * and the words before it decide, the rest is the name.
 */
export function parseRoute(rawPath: string): Route | undefined {
  const path = rawPath.includes('%') ? decode(rawPath) : rawPath;
  if (path === '/v2/' || path === '/v2') return { kind: 'ping' };
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  if (path === undefined || !path.startsWith(PREFIX)) return undefined;
  const slash = path.lastIndexOf('/');
  const last = path.slice(slash + 1);
  const before = path.slice(0, slash);
  const nameBefore = (words: string): string | undefined =>
    before.endsWith(words) && before.length > PREFIX.length - 1 + words.length
      ? before.slice(PREFIX.length, -words.length)
      : undefined;

  let name = nameBefore('/manifests');
  if (name !== undefined) return { kind: 'manifest', name, reference: last };
  name = nameBefore('/blobs/uploads');
  if (name !== undefined) return last === '' ? { kind: 'uploads', name } : { kind: 'upload', name, id: last };
  name = nameBefore('/blobs');
  if (name !== undefined)
    return last === 'uploads' ? { kind: 'uploads', name } : { kind: 'blob', name, digest: last };
  name = nameBefore('/tags');
  if (name !== undefined && last === 'list') return { kind: 'tags', name };
  name = nameBefore('/referrers');
  if (name !== undefined) return { kind: 'referrers', name, digest: last };
  return undefined;
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** @throws {OciError} `NAME_INVALID` @throws {RegistryError} `NAME_INVALID` for a reserved first segment */
export function readName(text: string, reserved: ReadonlySet<string>): RepositoryName {
  const name = parseRepositoryName(text);
  const slash = name.indexOf('/');
  const first = slash === -1 ? name : name.slice(0, slash);
  if (!reserved.has(first)) return name;
  throw new RegistryError(
    'NAME_INVALID',
    `Cannot use repository name "${name}": the segment "${first}" is reserved`,
    {
      hint: 'Begin the name with a user or team, as in "team/my-app"',
      detail: { name, reserved: first },
    },
  );
}

export type ManifestReference =
  | { readonly tag: Tag; readonly digest?: never }
  | { readonly digest: Digest; readonly tag?: never };

/** @throws {OciError} `DIGEST_INVALID`, `TAG_INVALID` */
export function readReference(text: string): ManifestReference {
  if (isDigest(text)) return { digest: text };
  return text.includes(':') ? { digest: parseDigest(text) } : { tag: parseTag(text) };
}
