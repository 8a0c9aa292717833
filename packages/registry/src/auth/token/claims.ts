import type { Access } from '../interface.ts';

/** What a token says, after its signature was verified. @see distribution, docs/content/spec/auth/jwt.md */
export interface TokenClaims {
  readonly subject: string;
  /** Seconds since 1970. */
  readonly notBefore: number;
  readonly expires: number;
  /** `repository:team/app` → its actions. */
  readonly access: ReadonlyMap<string, ReadonlySet<string>>;
}

const ANONYMOUS = 'anonymous';

/** @returns `undefined` when the claims are not those of a token for this service */
export function readClaims(
  payload: unknown,
  expected: { readonly issuer: string; readonly service: string },
): TokenClaims | undefined {
  if (!isObject(payload)) return undefined;
  const { iss, aud, sub, exp, nbf } = payload;
  if (iss !== expected.issuer) return undefined;
  if (aud !== expected.service && !(Array.isArray(aud) && aud.includes(expected.service))) return undefined;
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return undefined;
  if (nbf !== undefined && typeof nbf !== 'number') return undefined;
  if (sub !== undefined && typeof sub !== 'string') return undefined;
  const access = readAccess(payload.access ?? []);
  if (access === undefined) return undefined;
  const subject = sub === undefined || sub === '' ? ANONYMOUS : sub;
  return { subject, notBefore: nbf ?? 0, expires: exp, access };
}

export function grants(claims: TokenClaims, access: Access): boolean {
  if (access.type === 'ping') return true;
  if (access.type === 'catalog') return claims.access.get('registry:catalog')?.has('*') === true;
  const actions = claims.access.get(`repository:${access.name}`);
  return actions?.has(access.action) === true || actions?.has('*') === true;
}

function readAccess(value: unknown): Map<string, Set<string>> | undefined {
  if (!Array.isArray(value)) return undefined;
  const access = new Map<string, Set<string>>();
  for (const entry of value) {
    if (!isObject(entry)) return undefined;
    const { type, name, actions } = entry;
    if (typeof type !== 'string' || typeof name !== 'string' || !Array.isArray(actions)) return undefined;
    const key = `${type}:${name}`;
    const known = access.get(key) ?? new Set<string>();
    for (const action of actions) if (typeof action === 'string') known.add(action);
    access.set(key, known);
  }
  return access;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
