import { DatabaseError } from './errors.ts';

interface Waiter {
  readonly enter: () => void;
  readonly refuse: (error: Error) => void;
}

/** Lets one in at a time, in the order of arrival. */
export class FairQueue {
  readonly #waiters: Waiter[] = [];
  #isTaken = false;
  #closed: DatabaseError | undefined;
  #idle: (() => void) | undefined;

  /**
   * Waits for one's turn. Whoever got in calls `leave` exactly once.
   *
   * @throws {DatabaseError} `DB_CLOSED`; the signal's reason when aborted while waiting (the place is given up)
   */
  async enter(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
    if (!this.#isTaken) {
      this.#isTaken = true;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        enter() {
          signal?.removeEventListener('abort', giveUp);
          resolve();
        },
        refuse(error) {
          signal?.removeEventListener('abort', giveUp);
          reject(error);
        },
      };
      this.#waiters.push(waiter);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  leave(): void {
    const next = this.#waiters.shift();
    if (next !== undefined) {
      next.enter();
      return;
    }
    this.#isTaken = false;
    this.#idle?.();
  }

  /** Refuses all who wait and all who come; resolves when the one inside has left. May be called twice. */
  async close(): Promise<void> {
    this.#closed ??= new DatabaseError('DB_CLOSED', 'Cannot begin a transaction: the database is closed');
    for (const waiter of this.#waiters.splice(0)) waiter.refuse(this.#closed);
    if (!this.#isTaken) return;
    await new Promise<void>((resolve) => {
      const before = this.#idle;
      this.#idle = () => {
        before?.();
        resolve();
      };
    });
  }
}
