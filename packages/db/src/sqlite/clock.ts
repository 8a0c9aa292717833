/** Gives moments that never go back, whatever the system's clock does. */
export class Clock {
  #last: number;

  constructor(notBeforeMs: number) {
    this.#last = notBeforeMs;
  }

  nowMs(): number {
    this.#last = Math.max(this.#last, Date.now());
    return this.#last;
  }

  /** Somebody else has given out this moment. */
  saw(timeMs: number): void {
    this.#last = Math.max(this.#last, timeMs);
  }
}
