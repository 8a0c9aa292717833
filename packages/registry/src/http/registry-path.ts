import { RESERVED_NAMESPACES } from '../reserved-namespaces.ts';

/** The places where a name ends and an endpoint begins; a name holds none of them as its grammar has it. */
const ENDPOINT = /\/(?:manifests|blobs|referrers)\/|\/tags\/list\/?$/;

/** The Hub's API, where a repository or a user may be called `blobs`, and a tag `list`. */
const HUB_API =
  /^\/v2\/(?:namespaces\/[^/]+\/repositories(?:\/|$)|repositories\/[^/]+(?:\/[^/]+(?:\/tags(?:\/[^/]*)?)?)?\/?$)/;

/**
 * True for what the registry answers; everything else below `/v2/` is the Hub's API. `…/tags/list` of a reserved
 * namespace is the Hub's: there `list` is a tag.
 */
export function isRegistryPath(pathname: string): boolean {
  if (pathname === '/v2/' || pathname === '/v2' || pathname === '/v2/_catalog') return true;
  if (!pathname.startsWith('/v2/') || HUB_API.test(pathname)) return false;
  const match = ENDPOINT.exec(pathname.slice(3));
  if (match === null) return false;
  if (!match[0].startsWith('/tags')) return true;
  const end = pathname.indexOf('/', 4);
  return !RESERVED_NAMESPACES.has(pathname.slice(4, end));
}
