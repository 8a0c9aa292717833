/** Says, also inside a synchronous loop, that the job is to be left. */
export class CancelFlag {
  readonly #cell: Int32Array;

  constructor(cell: Int32Array) {
    this.#cell = cell;
  }

  /** For work that is over before anybody could cancel it. */
  static never(): CancelFlag {
    return new CancelFlag(new Int32Array(1));
  }

  /** A few nanoseconds: once per entry and per chunk. @throws an `AbortError` */
  throwIfSet(): void {
    if (Atomics.load(this.#cell, 0) !== 0) throw new DOMException('The job was cancelled', 'AbortError');
  }
}
