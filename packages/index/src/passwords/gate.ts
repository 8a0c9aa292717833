import { IndexError } from '../errors.ts';

export interface GateOptions {
  /** Runs at once. */
  readonly width: number;
  /** Waits at most; one more is refused with `SIGN_IN_BUSY`. */
  readonly queueLength: number;
}

/** Lets few in at once and keeps a short queue: a flood of sign-ins costs a fixed amount of memory. */
export class Gate {
  readonly #options: GateOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** @throws {IndexError} `SIGN_IN_BUSY` when the queue is full */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#options.width) await this.#wait();
    else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  /** A place is handed on, not given back: `#running` stays as it is. */
  #wait(): Promise<void> {
    if (this.#waiting.length >= this.#options.queueLength) {
      throw new IndexError('SIGN_IN_BUSY', `Cannot check the password: ${this.#waiting.length} others wait`, {
        hint: 'try again in a few seconds',
        detail: { retryAfterSeconds: 2 },
      });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
