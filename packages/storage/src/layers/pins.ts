/**
 * What this process is about to build on or is reading, counted. A pinned thing keeps what the database no longer
 * asks for: layers keep their rows, keys their folders.
 */
export class Pins<Name> {
  readonly #counts = new Map<Name, number>();
  readonly #waiting = new Map<Name, (() => void)[]>();

  has(name: Name): boolean {
    return this.#counts.has(name);
  }

  pin(name: Name): Disposable {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    let isPinned = true;
    return {
      [Symbol.dispose]: () => {
        if (isPinned) this.#unpin(name);
        isPinned = false;
      },
    };
  }

  /** Resolves once nobody holds it. */
  async whenFree(name: Name): Promise<void> {
    while (this.#counts.has(name)) {
      await new Promise<void>((resolve) => {
        this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), resolve]);
      });
    }
  }

  #unpin(name: Name): void {
    const count = (this.#counts.get(name) ?? 1) - 1;
    if (count > 0) return void this.#counts.set(name, count);
    this.#counts.delete(name);
    const waiting = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    for (const resolve of waiting) resolve();
  }
}
