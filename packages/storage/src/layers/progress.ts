import type { LayerProgress } from './interface.ts';

const EVERY_MS = 100;

/** Tells those who wait for a layer how far it is; counting at most ten times a second. */
export class ProgressReport {
  readonly #listeners = new Set<(progress: LayerProgress) => void>();
  #lastAt = 0;
  #last: LayerProgress | undefined;

  add(listener: ((progress: LayerProgress) => void) | undefined): void {
    if (listener === undefined) return;
    this.#listeners.add(listener);
    if (this.#last !== undefined) listener(this.#last);
  }

  bytes(doneBytes: number): void {
    this.#last = { state: 'applying', doneBytes };
    const now = performance.now();
    if (now - this.#lastAt < EVERY_MS) return;
    this.#lastAt = now;
    this.#tell(this.#last);
  }

  state(state: Exclude<LayerProgress['state'], 'applying'>): void {
    // The last count may have been held back.
    if (state === 'applied' && this.#last?.state === 'applying') this.#tell(this.#last);
    const last = { state };
    this.#last = last;
    this.#tell(last);
  }

  #tell(progress: LayerProgress): void {
    for (const listener of this.#listeners) listener(progress);
  }
}
