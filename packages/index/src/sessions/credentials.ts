import { IndexError } from '../errors.ts';
import type { Passwords } from '../passwords/passwords.ts';
import type { WrongTries } from '../passwords/wrong-tries.ts';
import { hashSecret, PREFIX_ACCESS_TOKEN } from '../secrets.ts';
import type { AccessTokens } from '../tokens/access-tokens.ts';
import type { Users } from '../users/users.ts';
import type { Principal } from './principal.ts';

export interface CredentialsOptions {
  readonly users: Users;
  readonly passwords: Passwords;
  readonly accessTokens: AccessTokens;
  readonly wrongTries: WrongTries;
}

/** Name and secret, wherever they come from: a form, Basic, a token request. */
export class Credentials {
  readonly #options: CredentialsOptions;
  readonly #checking = new Map<string, Promise<Principal>>();

  constructor(options: CredentialsOptions) {
    this.#options = options;
  }

  /**
   * Who that is. The secret is the user's password or one of the user's access tokens.
   *
   * @throws {IndexError} `CREDENTIALS_WRONG` in the same words, after the same work, for a wrong name and a wrong
   * password; `TOO_MANY_TRIES`; `SIGN_IN_BUSY`
   */
  async check(name: string, secret: string, options: { readonly remoteAddress: string }): Promise<Principal> {
    const key = hashSecret(JSON.stringify([options.remoteAddress, name, secret]));
    const running = this.#checking.get(key);
    if (running !== undefined) return await running;
    const check = this.#check(name, secret, options.remoteAddress).finally(() => this.#checking.delete(key));
    this.#checking.set(key, check);
    return await check;
  }

  /** Equal questions at the same time are one try: parallel requests of one client are no attack. */
  async #check(name: string, secret: string, remoteAddress: string): Promise<Principal> {
    const { wrongTries } = this.#options;
    wrongTries.begin(name, remoteAddress);
    let principal: Principal | undefined;
    try {
      principal = await (secret.startsWith(PREFIX_ACCESS_TOKEN)
        ? this.#byAccessToken(name, secret)
        : this.#byPassword(name, secret));
    } catch (error) {
      wrongTries.takeBack(name, remoteAddress);
      throw error;
    }
    if (principal === undefined) throw credentialsWrong();
    wrongTries.forgive(name, remoteAddress);
    return principal;
  }

  async #byPassword(name: string, password: string): Promise<Principal | undefined> {
    const user = await this.#options.users.byName(name);
    const matches = await this.#options.passwords.matches(password, user?.passwordHash);
    if (!matches || user === undefined) return undefined;
    const { passwordHash: _, ...known } = user;
    return { user: known, scope: 'all' };
  }

  async #byAccessToken(name: string, secret: string): Promise<Principal | undefined> {
    const principal = await this.#options.accessTokens.authenticate(secret);
    return principal?.user.name === name ? principal : undefined;
  }
}

export function credentialsWrong(): IndexError {
  return new IndexError(
    'CREDENTIALS_WRONG',
    'Cannot sign in: this user name and this password or token do not belong together',
    { hint: 'check both, or make a new access token' },
  );
}
