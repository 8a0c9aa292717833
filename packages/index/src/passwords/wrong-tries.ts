import { isIPv6 } from 'node:net';
import { IndexError } from '../errors.ts';

const LIMIT = 10;
const WINDOW_MS = 15 * 60_000;
/** Oldest entries go first: an attacker with many addresses gets memory of this size and no more. */
const MAX_ENTRIES = 10_000;

interface Tries {
  readonly count: number;
  readonly endsAt: number;
}

/** Counts wrong passwords per name and address, in memory; a restart forgives. */
export class WrongTries {
  readonly #entries = new Map<string, Tries>();
  readonly #now: () => number;

  /** @param now milliseconds that never go back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Counts a try as wrong before it is checked, so that tries side by side cannot slip past the limit;
   * `forgive` takes it back.
   *
   * @throws {IndexError} `TOO_MANY_TRIES`
   */
  begin(name: string, remoteAddress: string): void {
    const key = keyOf(name, remoteAddress);
    const now = this.#now();
    const found = this.#entries.get(key);
    const tries = found === undefined || found.endsAt <= now ? { count: 0, endsAt: now + WINDOW_MS } : found;
    if (tries.count >= LIMIT) {
      const retryAfterSeconds = Math.ceil((tries.endsAt - now) / 1000);
      throw new IndexError(
        'TOO_MANY_TRIES',
        `Cannot sign in as "${name}": ${LIMIT} tries from this address were wrong`,
        { hint: `try again in ${retryAfterSeconds} s`, detail: { retryAfterSeconds } },
      );
    }
    this.#entries.delete(key);
    this.#entries.set(key, { count: tries.count + 1, endsAt: tries.endsAt });
    if (this.#entries.size > MAX_ENTRIES) this.#dropOldest();
  }

  /** The try was right: everything before it is forgiven. */
  forgive(name: string, remoteAddress: string): void {
    this.#entries.delete(keyOf(name, remoteAddress));
  }

  /** The try was neither right nor wrong (the queue was full, the database did not answer). */
  takeBack(name: string, remoteAddress: string): void {
    const key = keyOf(name, remoteAddress);
    const found = this.#entries.get(key);
    if (found !== undefined) this.#entries.set(key, { ...found, count: Math.max(0, found.count - 1) });
  }

  #dropOldest(): void {
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
  }
}

/** One household of IPv6 addresses counts as one: the first 64 bits. Names are cut, they are not checked yet. */
function keyOf(name: string, remoteAddress: string): string {
  const address =
    isIPv6(remoteAddress) && !remoteAddress.includes('.') ? network64(remoteAddress) : remoteAddress;
  return `${address} ${name.slice(0, 64)}`;
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
