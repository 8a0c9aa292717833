import { isIPv6 } from 'node:net';
import { IndexError } from '../errors.ts';

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
    this.#named = new Tries(LIMIT_PER_NAME, now);
    this.#addresses = new Tries(LIMIT_PER_ADDRESS, now);
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

/** Oldest entries go first: an attacker with many addresses gets memory of this size and no more. */
const MAX_ENTRIES = 10_000;

class Tries {
  readonly #limit: number;
  readonly #now: () => number;
  readonly #entries = new Map<string, { readonly count: number; readonly endsAt: number }>();

  constructor(limit: number, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  /** @returns `undefined` when one more may be tried */
  waitMs(key: string): number | undefined {
    const found = this.#entries.get(key);
    if (found === undefined || found.count < this.#limit) return undefined;
    const left = found.endsAt - this.#now();
    return left > 0 ? left : undefined;
  }

  add(key: string): void {
    const now = this.#now();
    const found = this.#entries.get(key);
    const isLiving = found !== undefined && found.endsAt > now;
    this.#entries.delete(key);
    this.#entries.set(
      key,
      isLiving ? { ...found, count: found.count + 1 } : { count: 1, endsAt: now + WINDOW_MS },
    );
    if (this.#entries.size > MAX_ENTRIES) this.#dropOldest();
  }

  takeBack(key: string): void {
    const found = this.#entries.get(key);
    if (found !== undefined) this.#entries.set(key, { ...found, count: Math.max(0, found.count - 1) });
  }

  clear(key: string): void {
    this.#entries.delete(key);
  }

  #dropOldest(): void {
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
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

/** One household of IPv6 addresses counts as one: the first 64 bits. */
function networkOf(address: string): string {
  return isIPv6(address) && !address.includes('.') ? network64(address) : address;
}

function network64(address: string): string {
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array<string>(Math.max(0, zeros)).fill('0'), ...right];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':');
}
