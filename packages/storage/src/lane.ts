interface Waiting {
  readonly weight: number;
  enter(): void;
}

/** Lets so many in at a time: of those who wait the heaviest first, and among equals who came first. */
export class Lane {
  readonly #waiting = new Set<Waiting>();
  #free: number;
  #isGivingOut = false;

  constructor(limit: number) {
    this.#free = limit;
  }

  /** @returns to be called once, when done */
  async enter(signal: AbortSignal, weight = 0): Promise<() => void> {
    signal.throwIfAborted();
    await this.#turn(signal, weight);
    return () => {
      this.#free += 1;
      this.#giveOut();
    };
  }

  #turn(signal: AbortSignal, weight: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.delete(waiting);
        reject(signal.reason);
      };
      const waiting: Waiting = {
        weight,
        enter: () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(waiting);
      this.#giveOut();
    });
  }

  /** A moment later: of those who come together not the first to ask, but the heaviest. */
  #giveOut(): void {
    if (this.#isGivingOut) return;
    this.#isGivingOut = true;
    setImmediate(() => {
      this.#isGivingOut = false;
      while (this.#free > 0) {
        const next = this.#heaviest();
        if (next === undefined) return;
        this.#waiting.delete(next);
        this.#free -= 1;
        next.enter();
      }
    });
  }

  #heaviest(): Waiting | undefined {
    let heaviest: Waiting | undefined;
    for (const waiting of this.#waiting) {
      if (heaviest === undefined || waiting.weight > heaviest.weight) heaviest = waiting;
    }
    return heaviest;
  }
}
