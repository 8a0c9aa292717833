import type { Database } from '@berth/db';
import type { Tables } from '../schema.ts';
import { hashSecret, newSecret, PREFIX_SESSION } from '../secrets.ts';
import type { AccessTokens } from '../tokens/access-tokens.ts';
import type { Users } from '../users/users.ts';
import type { Principal } from './principal.ts';

/** Older ones go first; a script that signs in again and again does not fill the database. */
const MAX_PER_USER = 100;

export interface OpenedSession {
  readonly token: string;
  readonly expiresAt: Date;
}

/** A caller that a session token stood for. */
export interface SessionPrincipal extends Principal {
  readonly tokenHash: string;
}

/**
 * Sessions of pages (cookie) and of the Hub API (bearer): opaque tokens, stored hashed, gone when revoked.
 * Their ends follow the system's clock.
 */
export class Sessions {
  readonly #database: Database<Tables>;
  readonly #users: Users;
  readonly #accessTokens: AccessTokens;

  constructor(options: {
    readonly database: Database<Tables>;
    readonly users: Users;
    readonly accessTokens: AccessTokens;
  }) {
    this.#database = options.database;
    this.#users = options.users;
    this.#accessTokens = options.accessTokens;
  }

  async open(principal: Principal, options: { readonly ttlMs: number }): Promise<OpenedSession> {
    const token = newSecret(PREFIX_SESSION);
    const now = Date.now();
    const expiresAt = now + options.ttlMs;
    const row = {
      token_hash: hashSecret(token),
      user_id: principal.user.id,
      access_token_id: principal.accessTokenId ?? null,
      created_at: now,
      expires_at: expiresAt,
    };
    await this.#database.transaction(async (trx) => {
      await trx.insertInto('sessions').values(row).execute();
      await trx
        .deleteFrom('sessions')
        .where('token_hash', 'in', (query) =>
          query
            .selectFrom('sessions')
            .select('token_hash')
            .where('user_id', '=', row.user_id)
            .orderBy('created_at', 'desc')
            .limit(1000)
            .offset(MAX_PER_USER),
        )
        .execute();
    });
    return { token, expiresAt: new Date(expiresAt) };
  }

  /** @returns `undefined` for a token that is unknown, ended, or whose access token is gone */
  async find(token: string): Promise<SessionPrincipal | undefined> {
    if (!token.startsWith(PREFIX_SESSION)) return undefined;
    const tokenHash = hashSecret(token);
    const row = await this.#database.read
      .selectFrom('sessions')
      .select(['user_id', 'access_token_id'])
      .where('token_hash', '=', tokenHash)
      .where('expires_at', '>', Date.now())
      .executeTakeFirst();
    if (row === undefined) return undefined;
    if (row.access_token_id !== null) {
      const principal = await this.#accessTokens.principal(row.access_token_id);
      return principal === undefined ? undefined : { ...principal, tokenHash };
    }
    const user = await this.#users.byId(row.user_id);
    return user === undefined ? undefined : { user, scope: 'all', tokenHash };
  }

  /** Signing out twice is no error. */
  async close(token: string): Promise<void> {
    await this.#database.transaction(async (trx) => {
      await trx.deleteFrom('sessions').where('token_hash', '=', hashSecret(token)).execute();
    });
  }

  /** Forgets ended sessions. */
  async prune(): Promise<void> {
    await this.#database.transaction(async (trx) => {
      await trx.deleteFrom('sessions').where('expires_at', '<=', Date.now()).execute();
    });
  }
}
