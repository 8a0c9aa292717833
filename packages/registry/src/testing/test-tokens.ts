import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Access } from '../auth/interface.ts';
import type { KeySet } from '../auth/token/key-set.ts';

export const ISSUER = 'https://hub.example.org';
export const SERVICE = 'hub.example.org';

export interface TestTokens {
  readonly keys: KeySet;
  readonly publicKey: KeyObject;
  sign(access: readonly Access[], claims?: TokenClaimsOverride): Promise<string>;
}

export interface TokenClaimsOverride {
  readonly subject?: string;
  readonly issuer?: string;
  readonly service?: string;
  readonly kid?: string;
  /** Seconds from now. */
  readonly expiresIn?: number;
  readonly notBeforeIn?: number;
}

/** A token service of three lines. */
export function createTestTokens(): TestTokens {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    publicKey,
    keys: { key: async (kid) => (kid === 'one' ? publicKey : undefined) },
    sign: (access, claims = {}) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ access: toClaim(access) })
        .setProtectedHeader({ alg: 'ES256', kid: claims.kid ?? 'one', typ: 'JWT' })
        .setIssuer(claims.issuer ?? ISSUER)
        .setAudience(claims.service ?? SERVICE)
        .setSubject(claims.subject ?? 'alice')
        .setNotBefore(now + (claims.notBeforeIn ?? -5))
        .setExpirationTime(now + (claims.expiresIn ?? 300))
        .sign(privateKey);
    },
  };
}

function toClaim(access: readonly Access[]): readonly object[] {
  return access.flatMap((each) => {
    if (each.type === 'ping') return [];
    if (each.type === 'catalog') return [{ type: 'registry', name: 'catalog', actions: ['*'] }];
    return [{ type: 'repository', name: each.name, actions: [each.action] }];
  });
}
