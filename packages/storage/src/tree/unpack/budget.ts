import { refuseEntry } from '../failure.ts';

export interface BudgetLimits {
  readonly maxEntries: number;
  readonly maxTarBytes: number;
}

/** Names that a layer makes the worker remember; a layer of a million directories needs half of it. */
const MAX_MEMORY_BYTES = 256 * 1024 * 1024;
const BYTES_PER_NAME = 120;

/** What one layer may ask for. */
export class Budget {
  readonly #limits: BudgetLimits;
  #entries = 0;
  #memoryBytes = 0;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
  }

  /** Entries and implied directories so far. */
  get entries(): number {
    return this.#entries;
  }

  /** @throws {StorageError} `LAYER_REFUSED` */
  entry(path: string): void {
    this.#entries += 1;
    if (this.#entries > this.#limits.maxEntries) {
      refuseEntry(path, `the layer has more than ${this.#limits.maxEntries} entries`);
    }
  }

  /** @throws {StorageError} `LAYER_REFUSED` */
  remember(path: string): void {
    this.#memoryBytes += BYTES_PER_NAME + path.length * 2;
    if (this.#memoryBytes > MAX_MEMORY_BYTES) {
      refuseEntry(path, 'the layer has more directories than can be remembered');
    }
  }
}
