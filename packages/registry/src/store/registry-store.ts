import type { Database } from '@berth/db';
import { createReads, type RegistryReads } from './reads.ts';
import { RowCache } from './row-cache.ts';
import type { RegistryTables } from './schema.ts';
import type { Writing } from './writes.ts';

/** The rows: prepared reads, and transactions that carry moment and actor to every step. */
export class RegistryStore {
  readonly database: Database<RegistryTables>;
  readonly reads: RegistryReads;
  readonly #cache = new RowCache();

  constructor(database: Database<RegistryTables>) {
    this.database = database;
    this.reads = createReads(database, this.#cache);
  }

  /** As `RowCache.epoch`. */
  get epoch(): number | undefined {
    return this.#cache.epoch;
  }

  /** Durable when it resolves. @throws {DatabaseError} as `Database.transaction` does, and whatever `work` throws */
  async write<T>(
    work: (writing: Writing) => Promise<T>,
    options: { readonly actor: string; readonly signal?: AbortSignal },
  ): Promise<T> {
    const { actor, signal } = options;
    const now = this.database.now().getTime();
    this.#cache.beginWrite();
    try {
      return await this.database.transaction(
        (trx, emit) => work({ trx, emit, now, actor }),
        signal === undefined ? {} : { signal },
      );
    } finally {
      this.#cache.endWrite();
    }
  }
}
