import { IndexError } from '../errors.ts';
import { networkOf, Tries } from './tries.ts';

const WINDOW_MS = 15 * 60_000;
const LIMIT_PER_NAME = 10;
/** Of all names from one address: many people behind one slip now and then, guessing goes on and on. */
const LIMIT_PER_ADDRESS = 300;

/**
 * Counts wrong passwords per name and address, in memory; a restart forgives. What one address does in all is
 * counted too: else it could try few passwords on many names, or push its own entry out with names made up.
 */
export class WrongTries {
  readonly #named: Tries;
  readonly #addresses: Tries;

  /** @param now milliseconds that never go back */
  constructor(now: () => number = () => performance.now()) {
    this.#named = new Tries({ limit: LIMIT_PER_NAME, windowMs: WINDOW_MS, now });
    this.#addresses = new Tries({ limit: LIMIT_PER_ADDRESS, windowMs: WINDOW_MS, now });
  }

  /**
   * Counts a try as wrong before it is checked, so that tries side by side cannot slip past the limit;
   * `forgive` takes it back.
   *
   * @throws {IndexError} `TOO_MANY_TRIES`
   */
  begin(name: string, remoteAddress: string): void {
    const address = networkOf(remoteAddress);
    const key = keyOf(name, address);
    const waitMs = this.#named.waitMs(key) ?? this.#addresses.waitMs(address);
    if (waitMs !== undefined) throw tooManyTries(name, Math.ceil(waitMs / 1000));
    this.#named.add(key);
    this.#addresses.add(address);
  }

  /** The try was right: everything before it is forgiven to this name. */
  forgive(name: string, remoteAddress: string): void {
    const address = networkOf(remoteAddress);
    this.#named.clear(keyOf(name, address));
    this.#addresses.takeBack(address);
  }

  /** The try was neither right nor wrong (the queue was full, the database did not answer). */
  takeBack(name: string, remoteAddress: string): void {
    const address = networkOf(remoteAddress);
    this.#named.takeBack(keyOf(name, address));
    this.#addresses.takeBack(address);
  }
}

function tooManyTries(name: string, retryAfterSeconds: number): IndexError {
  return new IndexError(
    'TOO_MANY_TRIES',
    `Cannot sign in as "${name.slice(0, 64)}": too many tries from this address were wrong`,
    { hint: `try again in ${retryAfterSeconds} s`, detail: { retryAfterSeconds } },
  );
}

/** Names are cut, they are not checked yet. */
function keyOf(name: string, address: string): string {
  return `${address} ${name.slice(0, 64)}`;
}
