import { isIPv6 } from 'node:net';

/** Oldest entries go first: an attacker with many addresses gets memory of this size and no more. */
const MAX_ENTRIES = 10_000;

/** Counts by key, each for a while from the first on. */
export class Tries {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #now: () => number;
  readonly #entries = new Map<string, { readonly count: number; readonly endsAt: number }>();

  constructor(options: {
    readonly limit: number;
    readonly windowMs: number;
    /** Milliseconds that never go back. */
    readonly now?: () => number;
  }) {
    this.#limit = options.limit;
    this.#windowMs = options.windowMs;
    this.#now = options.now ?? (() => performance.now());
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
      isLiving ? { ...found, count: found.count + 1 } : { count: 1, endsAt: now + this.#windowMs },
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

/** One household of IPv6 addresses counts as one: the first 64 bits. */
export function networkOf(address: string): string {
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
