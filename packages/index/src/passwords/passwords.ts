import { createHmac, randomBytes } from 'node:crypto';
import { hashPassword, verifyPassword } from './argon2id.ts';
import { Gate } from './gate.ts';
import { checkNewPassword, isHashable } from './rules.ts';

const REMEMBERED_MS = 60_000;
const REMEMBERED_MAX = 1000;

/**
 * Hashes and compares passwords, at most two at once (19 MiB each) with a short queue behind them.
 *
 * A right password is remembered for a minute, as a keyed hash in memory: one push asks for many tokens with the
 * same password. The stored hash is part of the key, so a changed password forgets itself.
 */
export class Passwords {
  readonly #gate = new Gate({ width: 2, queueLength: 64 });
  readonly #key = randomBytes(32);
  readonly #remembered = new Map<string, number>();
  readonly #decoy: string;

  private constructor(decoy: string) {
    this.#decoy = decoy;
  }

  static async create(): Promise<Passwords> {
    return new Passwords(await hashPassword(randomBytes(32).toString('hex')));
  }

  /** @throws {IndexError} `PASSWORD_INVALID`, `SIGN_IN_BUSY` */
  async hashNew(password: string, options: { readonly user: string }): Promise<string> {
    checkNewPassword(password, options);
    return await this.#gate.run(() => hashPassword(password));
  }

  /**
   * @param stored `undefined` for a user that does not exist: the same work is done, and the answer is no
   * @throws {IndexError} `SIGN_IN_BUSY`
   */
  async matches(password: string, stored: string | undefined): Promise<boolean> {
    if (!isHashable(password)) return false;
    const key = createHmac('sha256', this.#key)
      .update(`${stored ?? ''}\n${password}`)
      .digest('hex');
    if (this.#isRemembered(key)) return true;
    const isEqual = await this.#gate.run(() => verifyPassword(stored ?? this.#decoy, password));
    if (!isEqual || stored === undefined) return false;
    this.#remember(key);
    return true;
  }

  #isRemembered(key: string): boolean {
    const until = this.#remembered.get(key);
    return until !== undefined && until > performance.now();
  }

  #remember(key: string): void {
    this.#remembered.delete(key);
    this.#remembered.set(key, performance.now() + REMEMBERED_MS);
    if (this.#remembered.size <= REMEMBERED_MAX) return;
    for (const oldest of this.#remembered.keys()) {
      this.#remembered.delete(oldest);
      return;
    }
  }
}
