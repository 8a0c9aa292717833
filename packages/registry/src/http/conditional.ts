/** The strong ETag of content that is named by its digest. */
export function etagOf(digest: string): string {
  return `"${digest}"`;
}

/** True when `If-None-Match` names it already (RFC 9110, 13.1.2: weak comparison). */
export function isNotModified(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((each) => {
    const candidate = each.trim().replace(/^W\//, '');
    return candidate === '*' || candidate === etag;
  });
}
