import { StorageError } from '../../errors.ts';
import { MOST_DEVICE_ID } from './records.ts';

const BITS = 8;

/**
 * Which of the pool's 2²⁴ device ids are taken, as a bitmap: 2 MiB, whatever there is. It is not stored: the records of the devices are
 * what counts. The next free one is looked for after the last, so that an id is used again as late as possible.
 */
export class DeviceIds {
  readonly #taken = new Uint8Array((MOST_DEVICE_ID + 1) / BITS);
  #last = -1;

  constructor(taken: Iterable<number> = []) {
    for (const id of taken) {
      this.#take(id);
      this.#last = Math.max(this.#last, id);
    }
  }

  giveBack(id: number): void {
    this.#taken[id >> 3] = (this.#taken[id >> 3] ?? 0) & ~(1 << (id & 7));
  }

  #take(id: number): void {
    this.#taken[id >> 3] = (this.#taken[id >> 3] ?? 0) | (1 << (id & 7));
  }

  /** @throws {StorageError} `DISK_FULL` when all are taken */
  next(): number {
    for (let step = 1; step <= MOST_DEVICE_ID + 1; step++) {
      const id = (this.#last + step) & MOST_DEVICE_ID;
      if (((this.#taken[id >> 3] ?? 0) & (1 << (id & 7))) !== 0) continue;
      this.#take(id);
      this.#last = id;
      return id;
    }
    throw new StorageError(
      'DISK_FULL',
      `Cannot make a layer: all ${MOST_DEVICE_ID + 1} devices that a thin pool can have are taken`,
      { hint: 'Remove images or containers' },
    );
  }
}
