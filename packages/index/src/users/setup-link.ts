import { randomBytes } from 'node:crypto';
import type { Database } from '@berth/db';
import { IndexError } from '../errors.ts';
import type { Tables } from '../schema.ts';
import { hashSecret } from '../secrets.ts';
import type { NewUser, User, Users } from './users.ts';

const CODE_BYTES = 16;

/**
 * The way in while there is no account: a link with a code that works once.
 *
 * Only the code's hash is stored, so every start makes a new code and the ones printed before are dead.
 */
export class SetupLink {
  readonly #database: Database<Tables>;
  readonly #users: Users;
  #code: string | undefined;

  constructor(options: { readonly database: Database<Tables>; readonly users: Users }) {
    this.#database = options.database;
    this.#users = options.users;
  }

  /** Makes this start's code, unless there is an account. */
  async renew(): Promise<void> {
    this.#code = undefined;
    if (await this.#users.any()) return;
    const code = randomBytes(CODE_BYTES).toString('base64url');
    const row = { code_hash: hashSecret(code), created_at: this.#database.now().getTime() };
    await this.#database.transaction(async (trx) => {
      await trx.deleteFrom('setup_codes').execute();
      await trx.insertInto('setup_codes').values(row).execute();
    });
    this.#code = code;
  }

  /** @returns `undefined` once there is an account */
  async pendingLink(baseUrl: string): Promise<string | undefined> {
    if (this.#code === undefined || (await this.#users.any())) return undefined;
    return `${baseUrl.replace(/\/$/, '')}/setup?code=${this.#code}`;
  }

  /**
   * Makes the first account, an administrator. Of two calls at once exactly one succeeds.
   *
   * @throws {IndexError} `SETUP_CODE_WRONG`, and what `Users.create` throws
   */
  async complete(code: string, user: NewUser): Promise<User> {
    const codeHash = hashSecret(code);
    const living = await this.#database.read
      .selectFrom('setup_codes')
      .select('code_hash')
      .where('code_hash', '=', codeHash)
      .executeTakeFirst();
    if (living === undefined) throw codeWrong();
    return await this.#users.create(user, {
      isAdmin: true,
      claim: async (trx) => {
        const used = await trx
          .deleteFrom('setup_codes')
          .where('code_hash', '=', codeHash)
          .returning('code_hash')
          .executeTakeFirst();
        if (used === undefined) throw codeWrong();
      },
    });
  }

  /**
   * Makes the first account without a link, for scripts.
   *
   * @returns `undefined` when there is an account already; nothing has changed then
   */
  async createAdmin(user: NewUser): Promise<User | undefined> {
    if (await this.#users.any()) return undefined;
    let isFirst = true;
    try {
      return await this.#users.create(user, {
        isAdmin: true,
        claim: async (trx) => {
          const found = await trx.selectFrom('users').select('id').limit(1).executeTakeFirst();
          isFirst = found === undefined;
          if (!isFirst) throw codeWrong();
          await trx.deleteFrom('setup_codes').execute();
        },
      });
    } catch (error) {
      if (!isFirst) return undefined;
      throw error;
    }
  }
}

function codeWrong(): IndexError {
  return new IndexError('SETUP_CODE_WRONG', 'Cannot set up: the link was used, or is of an earlier start', {
    hint: 'use the link that the last start printed, or sign in',
    detail: { field: 'code' },
  });
}
