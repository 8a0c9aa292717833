/** What an access token carries of its user's rights, least first; each includes the ones before. */
export const TOKEN_SCOPES = ['repo:public_read', 'repo:read', 'repo:write', 'repo:admin'] as const;

export type TokenScope = (typeof TOKEN_SCOPES)[number];

/** The widest of several; they are nested, so it says all that the others say. */
export function widestScope(scopes: readonly TokenScope[]): TokenScope {
  const ranks = scopes.map((scope) => TOKEN_SCOPES.indexOf(scope));
  return TOKEN_SCOPES[Math.max(0, ...ranks)] ?? 'repo:public_read';
}
