import type { Database } from '@berth/db';
import type { Tables } from '../schema.ts';
import { hashSecret, newSecret, PREFIX_REFRESH_TOKEN } from '../secrets.ts';
import type { Principal } from '../sessions/principal.ts';
import type { Users } from '../users/users.ts';
import type { AccessTokens } from './access-tokens.ts';

const DAY_MS = 86_400_000;
/** Without use; each use moves the end, at most once a day. */
const TTL_MS = 90 * DAY_MS;
const MAX_PER_USER = 200;

/** What `docker login` keeps instead of the password. Never more than what it was asked for with. */
export class RefreshTokens {
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

  /** @returns the secret, which is stored nowhere */
  async create(principal: Principal, clientId: string): Promise<string> {
    const secret = newSecret(PREFIX_REFRESH_TOKEN);
    const now = Date.now();
    const row = {
      token_hash: hashSecret(secret),
      user_id: principal.user.id,
      access_token_id: principal.accessTokenId ?? null,
      client_id: clientId,
      created_at: now,
      expires_at: now + TTL_MS,
    };
    await this.#database.transaction(async (trx) => {
      await trx.insertInto('refresh_tokens').values(row).execute();
      await trx
        .deleteFrom('refresh_tokens')
        .where('token_hash', 'in', (query) =>
          query
            .selectFrom('refresh_tokens')
            .select('token_hash')
            .where('user_id', '=', row.user_id)
            .orderBy('created_at', 'desc')
            .limit(1000)
            .offset(MAX_PER_USER),
        )
        .execute();
    });
    return secret;
  }

  /** @returns `undefined` when it is unknown, past its end or revoked */
  async authenticate(secret: string): Promise<Principal | undefined> {
    if (!secret.startsWith(PREFIX_REFRESH_TOKEN)) return undefined;
    const tokenHash = hashSecret(secret);
    const now = Date.now();
    const row = await this.#database.read
      .selectFrom('refresh_tokens')
      .select(['user_id', 'access_token_id', 'expires_at'])
      .where('token_hash', '=', tokenHash)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    if (row.expires_at < now + TTL_MS - DAY_MS) await this.#extend(tokenHash, now + TTL_MS);
    if (row.access_token_id !== null) return await this.#accessTokens.principal(row.access_token_id);
    const user = await this.#users.byId(row.user_id);
    return user === undefined ? undefined : { user, scope: 'all' };
  }

  /** Forgets ended ones. */
  async prune(): Promise<void> {
    await this.#database.transaction(async (trx) => {
      await trx.deleteFrom('refresh_tokens').where('expires_at', '<=', Date.now()).execute();
    });
  }

  async #extend(tokenHash: string, expiresAt: number): Promise<void> {
    await this.#database.transaction(async (trx) => {
      await trx
        .updateTable('refresh_tokens')
        .set({ expires_at: expiresAt })
        .where('token_hash', '=', tokenHash)
        .execute();
    });
  }
}
