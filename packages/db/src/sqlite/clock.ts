/** Gives moments that never go back, whatever the system's clock does. */
export class Clock {
  readonly #source: () => number;
  #last = 0;

  constructor(source: () => number) {
    this.#source = source;
  }

  nowMs(): number {
    this.#last = Math.max(this.#last, this.#source());
    return this.#last;
  }

  /** Somebody else has given out this moment. */
  saw(timeMs: number): void {
    this.#last = Math.max(this.#last, timeMs);
  }
}
