const ENTRIES_MAX = 10_000;

/**
 * Rows that were read, for as long as nothing is written.
 *
 * Every write of the serving process passes `RegistryStore.write`, which tells this cache before it begins and
 * after it ends. A row is kept only when no write ran while it was read, and given only while none has begun
 * since: so it is what the database would say. A registry that is pushed to all the time just reads its rows.
 */
export class RowCache {
  readonly #rows = new Map<string, unknown>();
  #writing = 0;
  #epoch = 0;

  beginWrite(): void {
    this.#writing += 1;
    this.#epoch += 1;
    this.#rows.clear();
  }

  /** Changes with every write; `undefined` while one runs. What was read under one value holds as long as it stays. */
  get epoch(): number | undefined {
    return this.#writing > 0 ? undefined : this.#epoch;
  }

  /** A read that began while the write ran may have seen what was before it: it is as old as one from before. */
  endWrite(): void {
    this.#writing -= 1;
    this.#epoch += 1;
  }

  /** A key stands for one query with its values; `undefined` (no such row) is not kept. */
  async get<T>(key: string, read: () => Promise<T | undefined>): Promise<T | undefined> {
    const known = this.#rows.get(key);
    if (known !== undefined) return known as T;
    const epoch = this.#epoch;
    const row = await read();
    if (row === undefined || this.#writing > 0 || this.#epoch !== epoch) return row;
    if (this.#rows.size >= ENTRIES_MAX) this.#rows.clear();
    this.#rows.set(key, row);
    return row;
  }
}
