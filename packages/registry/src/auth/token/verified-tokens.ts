import type { KeyObject } from 'node:crypto';
import { compactVerify, decodeProtectedHeader, errors } from 'jose';
import { readClaims, type TokenClaims } from './claims.ts';
import type { KeySet } from './key-set.ts';

export interface VerifiedTokensOptions {
  readonly issuer: string;
  readonly service: string;
  readonly keys: KeySet;
  /** Tokens remembered. */
  readonly capacity: number;
}

const TOKEN_MAX_LENGTH = 16_384;
/** Tokens of clients have a few scopes. Longer ones are verified each time, so that memory has a bound that is small. */
const REMEMBERED_MAX_LENGTH = 2048;

/**
 * Verifies tokens and remembers those that were good: a push or pull shows the same one dozens of times, and a
 * signature costs 90 µs where a look-up costs less than one. Times are not judged here, so a remembered token
 * ends when it ends.
 */
export class VerifiedTokens {
  readonly #options: VerifiedTokensOptions;
  /** Oldest first. */
  readonly #known = new Map<string, TokenClaims>();

  constructor(options: VerifiedTokensOptions) {
    this.#options = options;
  }

  /** The claims of a token seen before, without waiting. */
  peek(token: string): TokenClaims | undefined {
    return this.#known.get(token);
  }

  /** @returns `undefined` for a token that is not one of ours */
  async verify(token: string): Promise<TokenClaims | undefined> {
    if (token.length > TOKEN_MAX_LENGTH) return undefined;
    const claims = await this.#read(token);
    if (claims === undefined || token.length > REMEMBERED_MAX_LENGTH) return claims;
    if (this.#known.size >= this.#options.capacity) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(token, claims);
    return claims;
  }

  async #read(token: string): Promise<TokenClaims | undefined> {
    try {
      const { kid } = decodeProtectedHeader(token);
      if (typeof kid !== 'string') return undefined;
      const key = await this.#options.keys.key(kid);
      if (key === undefined || !isP256(key)) return undefined;
      // The algorithm is the key's, never the token's: "none" and HMAC with a public key are refused here.
      const { payload } = await compactVerify(token, key, { algorithms: ['ES256'] });
      return readClaims(JSON.parse(new TextDecoder().decode(payload)), this.#options);
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError)
        return undefined;
      throw error;
    }
  }
}

function isP256(key: KeyObject): boolean {
  return key.type === 'public' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
}
