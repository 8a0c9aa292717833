import { rm } from 'node:fs/promises';
import type { LayerKey } from '../drivers/interface.ts';
import type { StoreParts } from './parts.ts';

/** Takes away what lies under keys that have become intents. What somebody still reads goes when they are done. */
export class Removals {
  readonly #parts: StoreParts;
  readonly #later = new Set<Promise<void>>();

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** Resolves when it is gone, or at once when somebody reads it. */
  async remove(key: LayerKey): Promise<void> {
    const { keyPins } = this.#parts;
    if (!keyPins.has(key)) return await this.#removeNow(key);
    const later = keyPins
      .whenFree(key)
      .then(() => this.#removeNow(key))
      // Its intent stays: the next start tries again.
      .catch(() => {})
      .finally(() => this.#later.delete(later));
    this.#later.add(later);
  }

  /** Resolves when those that waited are done. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#later]);
  }

  async #removeNow(key: LayerKey): Promise<void> {
    const { mounts, driver, keys } = this.#parts;
    await mounts.releaseFor(key, () => driver.remove(key));
    await rm(this.#parts.tarSplitPath(key), { force: true });
    keys.gone(key);
  }
}
