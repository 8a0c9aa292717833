import { randomUUID } from 'node:crypto';
import type { Database } from '@berth/db';
import { hasCode } from '@berth/errors';
import type { BerthEvent } from '@berth/events';
import type { Transaction } from 'kysely';
import { IndexError } from '../errors.ts';
import type { Passwords } from '../passwords/passwords.ts';
import type { Tables, UserRow } from '../schema.ts';
import { parseEmail } from './email.ts';
import { parseUserName, type UserName } from './user-name.ts';

/** A user as the rest of the Index sees one; the password's hash stays in this folder's queries. */
export interface User {
  readonly id: string;
  readonly name: UserName;
  readonly isAdmin: boolean;
  readonly email: string | undefined;
  readonly createdAt: Date;
}

export interface NewUser {
  readonly username: string;
  readonly password: string;
  readonly email?: string | undefined;
}

export interface UsersOptions {
  readonly database: Database<Tables>;
  readonly passwords: Passwords;
  readonly defaultPrivacy: 'public' | 'private';
}

type Emit = (...events: readonly BerthEvent[]) => Promise<void>;

export class Users {
  readonly #options: UsersOptions;

  constructor(options: UsersOptions) {
    this.#options = options;
  }

  async any(): Promise<boolean> {
    const row = await this.#options.database.read
      .selectFrom('users')
      .select('id')
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  async byName(name: string): Promise<(User & { readonly passwordHash: string }) | undefined> {
    const row = await this.#options.database.read
      .selectFrom('users')
      .selectAll()
      .where('name', '=', name)
      .executeTakeFirst();
    return row === undefined ? undefined : { ...userOf(row), passwordHash: row.password_hash };
  }

  async byId(id: string): Promise<User | undefined> {
    const row = await this.#options.database.read
      .selectFrom('users')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row === undefined ? undefined : userOf(row);
  }

  /**
   * Makes a user. Of two calls with one name at once exactly one succeeds.
   *
   * @param options.claim runs first in the same transaction and may refuse by throwing
   * @throws {IndexError} `USER_NAME_INVALID`, `USER_NAME_TAKEN`, `EMAIL_INVALID`, `PASSWORD_INVALID`, `SIGN_IN_BUSY`
   */
  async create(
    user: NewUser,
    options: { readonly isAdmin: boolean; readonly claim?: (trx: Transaction<Tables>) => Promise<void> },
  ): Promise<User> {
    const name = parseUserName(user.username);
    const email = user.email === undefined || user.email === '' ? undefined : parseEmail(user.email);
    const passwordHash = await this.#options.passwords.hashNew(user.password, { user: name });
    const { database, defaultPrivacy } = this.#options;
    const row: UserRow = {
      id: randomUUID(),
      name,
      email: email ?? null,
      is_admin: options.isAdmin ? 1 : 0,
      password_hash: passwordHash,
      default_private: defaultPrivacy === 'private' ? 1 : 0,
      created_at: database.now().getTime(),
    };
    try {
      await database.transaction(async (trx, emit) => {
        await options.claim?.(trx);
        await insertUser(trx, row, emit);
      });
    } catch (error) {
      if (hasCode(error) && error.code === 'DB_CONFLICT') throw nameTaken(name);
      throw error;
    }
    return userOf(row);
  }

  /**
   * Changes the password and ends every session and refresh token but the one that asked. Access tokens go on:
   * they are listed, and revoked, one by one.
   *
   * @throws {IndexError} `PASSWORD_INVALID`, `SIGN_IN_BUSY`
   */
  async changePassword(
    user: User,
    password: string,
    options: { readonly keepSessionHash?: string | undefined },
  ): Promise<void> {
    const passwordHash = await this.#options.passwords.hashNew(password, { user: user.name });
    await this.#options.database.transaction(async (trx) => {
      await trx.updateTable('users').set({ password_hash: passwordHash }).where('id', '=', user.id).execute();
      await trx.deleteFrom('refresh_tokens').where('user_id', '=', user.id).execute();
      await trx
        .deleteFrom('sessions')
        .where('user_id', '=', user.id)
        .where('token_hash', '!=', options.keepSessionHash ?? '')
        .execute();
    });
  }
}

/** A name under which repositories are kept already would hand them to whoever signs up with it. */
async function insertUser(trx: Transaction<Tables>, row: UserRow, emit: Emit): Promise<void> {
  const kept = await trx
    .selectFrom('repositories')
    .select('id')
    .where('namespace', '=', row.name)
    .limit(1)
    .executeTakeFirst();
  if (kept !== undefined) throw nameTaken(row.name);
  await trx.insertInto('users').values(row).execute();
  await emit({ type: 'user.created', user: row.name, actor: row.name });
}

export function userOf(row: UserRow): User {
  return {
    id: row.id,
    name: row.name as UserName,
    isAdmin: row.is_admin === 1,
    email: row.email ?? undefined,
    createdAt: new Date(row.created_at),
  };
}

function nameTaken(name: string): IndexError {
  return new IndexError('USER_NAME_TAKEN', `Cannot create user "${name}": the name is taken`, {
    hint: 'choose another name',
    detail: { field: 'username' },
  });
}
