import { randomUUID } from 'node:crypto';
import type { Database } from '@berth/db';
import { IndexError } from '../errors.ts';
import type { AccessTokenRow, Tables } from '../schema.ts';
import { hashSecret, newSecret, PREFIX_ACCESS_TOKEN } from '../secrets.ts';
import type { Principal } from '../sessions/principal.ts';
import type { User, Users } from '../users/users.ts';
import { type TokenScope, widestScope } from './token-scope.ts';

const MAX_PER_USER = 200;
/** `last_used_at` is to the minute: a busy token does not write for each request. */
const USED_STEP_MS = 60_000;

export interface AccessToken {
  readonly id: string;
  readonly label: string;
  readonly scopes: readonly TokenScope[];
  readonly isActive: boolean;
  readonly createdAt: Date;
  readonly expiresAt: Date | undefined;
  readonly lastUsedAt: Date | undefined;
}

export interface NewAccessToken {
  readonly label: string;
  readonly scopes: readonly TokenScope[];
  readonly expiresAt: Date | undefined;
}

/** A password of its own for a machine: with a label, less than all rights if wanted, an end, and its last use. */
export class AccessTokens {
  readonly #database: Database<Tables>;
  readonly #users: Users;

  constructor(options: { readonly database: Database<Tables>; readonly users: Users }) {
    this.#database = options.database;
    this.#users = options.users;
  }

  /**
   * @returns the token and, this once, its secret
   * @throws {IndexError} `EXPIRY_INVALID`, `ACCESS_TOKENS_FULL`
   */
  async create(user: User, token: NewAccessToken): Promise<AccessToken & { readonly secret: string }> {
    if (token.expiresAt !== undefined) checkEnd(token.expiresAt);
    const secret = newSecret(PREFIX_ACCESS_TOKEN);
    const row: AccessTokenRow = {
      id: randomUUID(),
      user_id: user.id,
      label: token.label,
      token_hash: hashSecret(secret),
      scopes: JSON.stringify(token.scopes),
      is_active: 1,
      created_at: this.#database.now().getTime(),
      expires_at: token.expiresAt?.getTime() ?? null,
      last_used_at: null,
    };
    await this.#database.transaction(async (trx) => {
      const { count } = await trx
        .selectFrom('access_tokens')
        .select((query) => query.fn.countAll<number>().as('count'))
        .where('user_id', '=', user.id)
        .executeTakeFirstOrThrow();
      if (Number(count) >= MAX_PER_USER) {
        throw new IndexError('ACCESS_TOKENS_FULL', `Cannot create access token: you have ${MAX_PER_USER}`, {
          hint: 'delete those that are not used any more',
        });
      }
      await trx.insertInto('access_tokens').values(row).execute();
    });
    return { ...tokenOf(row), secret };
  }

  /** Newest first. */
  async list(
    user: User,
    page: { readonly offset: number; readonly limit: number },
  ): Promise<{
    readonly count: number;
    readonly activeCount: number;
    readonly tokens: readonly AccessToken[];
  }> {
    const mine = this.#database.read.selectFrom('access_tokens').where('user_id', '=', user.id);
    const counts = await mine
      .select((query) => [
        query.fn.countAll<number>().as('count'),
        query.fn.sum<number | null>('is_active').as('active'),
      ])
      .executeTakeFirstOrThrow();
    const rows = await mine
      .selectAll()
      .orderBy('created_at', 'desc')
      .orderBy('id')
      .offset(page.offset)
      .limit(page.limit)
      .execute();
    return {
      count: Number(counts.count),
      activeCount: Number(counts.active ?? 0),
      tokens: rows.map(tokenOf),
    };
  }

  async get(user: User, id: string): Promise<AccessToken | undefined> {
    const row = await this.#database.read
      .selectFrom('access_tokens')
      .selectAll()
      .where('user_id', '=', user.id)
      .where('id', '=', id)
      .executeTakeFirst();
    return row === undefined ? undefined : tokenOf(row);
  }

  /** @returns `undefined` where the user has no such token */
  async update(
    user: User,
    id: string,
    change: { readonly label?: string | undefined; readonly isActive?: boolean | undefined },
  ): Promise<AccessToken | undefined> {
    const set = {
      ...(change.label === undefined ? {} : { label: change.label }),
      ...(change.isActive === undefined ? {} : { is_active: change.isActive ? 1 : 0 }),
    };
    if (Object.keys(set).length > 0) {
      await this.#database.transaction(async (trx) => {
        await trx
          .updateTable('access_tokens')
          .set(set)
          .where('user_id', '=', user.id)
          .where('id', '=', id)
          .execute();
      });
    }
    return await this.get(user, id);
  }

  /** Ends the token with every session and refresh token that came from it. `false` where there is none. */
  async delete(user: User, id: string): Promise<boolean> {
    return await this.#database.transaction(async (trx) => {
      const deleted = await trx
        .deleteFrom('access_tokens')
        .where('user_id', '=', user.id)
        .where('id', '=', id)
        .returning('id')
        .executeTakeFirst();
      return deleted !== undefined;
    });
  }

  /** Whom a secret stands for. @returns `undefined` when it is unknown, switched off or past its end */
  async authenticate(secret: string): Promise<Principal | undefined> {
    const row = await this.#database.read
      .selectFrom('access_tokens')
      .select('id')
      .where('token_hash', '=', hashSecret(secret))
      .executeTakeFirst();
    return row === undefined ? undefined : await this.principal(row.id);
  }

  /** The same for a token that is known by its id; notes the use. */
  async principal(id: string): Promise<Principal | undefined> {
    const now = Date.now();
    const row = await this.#database.read
      .selectFrom('access_tokens')
      .selectAll()
      .where('id', '=', id)
      .where('is_active', '=', 1)
      .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]))
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const user = await this.#users.byId(row.user_id);
    if (user === undefined) return undefined;
    if (row.last_used_at === null || now - row.last_used_at >= USED_STEP_MS) await this.#noteUse(id, now);
    return { user, scope: widestScope(tokenOf(row).scopes), accessTokenId: id };
  }

  async #noteUse(id: string, now: number): Promise<void> {
    await this.#database.transaction(async (trx) => {
      await trx.updateTable('access_tokens').set({ last_used_at: now }).where('id', '=', id).execute();
    });
  }
}

/** A time that is none (a leap second, for instance) would be kept as no end at all. */
function checkEnd(end: Date): void {
  if (end.getTime() > Date.now()) return;
  const what = Number.isNaN(end.getTime()) ? 'is no time' : `"${end.toISOString()}" is past`;
  throw new IndexError('EXPIRY_INVALID', `Cannot create access token: its end ${what}`, {
    hint: 'give a later time, or none',
    detail: { field: 'expires_at' },
  });
}

function tokenOf(row: AccessTokenRow): AccessToken {
  return {
    id: row.id,
    label: row.label,
    scopes: JSON.parse(row.scopes) as readonly TokenScope[],
    isActive: row.is_active === 1,
    createdAt: new Date(row.created_at),
    expiresAt: row.expires_at === null ? undefined : new Date(row.expires_at),
    lastUsedAt: row.last_used_at === null ? undefined : new Date(row.last_used_at),
  };
}
