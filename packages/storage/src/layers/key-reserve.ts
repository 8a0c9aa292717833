import type { Transaction } from 'kysely';
import type { LayerKey } from '../drivers/interface.ts';
import { newInitKey, newLayerKey } from '../drivers/keys.ts';
import type { LayerRows } from './rows.ts';
import type { StorageTables } from './schema.ts';

/** So many at once, so that making a container costs one transaction, the one that makes it visible. */
const RESERVE = 16;
const VALUES_PER_STATEMENT = 500;

/**
 * Keys of layers to come. Each is noted in the database (an *intent*) before anything is made under it: what a crash
 * leaves behind is found at the next start by rows, without looking through folders. The row of the finished layer
 * takes the intent's place in one transaction.
 */
export class KeyReserve {
  readonly #rows: LayerRows;
  readonly #onStep: (step: string) => void;
  readonly #free: LayerKey[] = [];
  readonly #gone: LayerKey[] = [];
  #filling: Promise<void> | undefined;

  constructor(rows: LayerRows, onStep: (step: string) => void) {
    this.#rows = rows;
    this.#onStep = onStep;
  }

  async take(): Promise<LayerKey> {
    for (;;) {
      const key = this.#free.pop();
      if (key !== undefined) return key;
      this.#filling ??= this.#reserve(Array.from({ length: RESERVE }, newLayerKey))
        .then((keys) => {
          this.#free.push(...keys);
        })
        .finally(() => {
          this.#filling = undefined;
        });
      await this.#filling;
    }
  }

  async takeInit(): Promise<LayerKey> {
    const [key] = await this.#reserve([newInitKey()]);
    return key as LayerKey;
  }

  /** Nothing lies under the key (any more). Its intent goes with a later transaction: it does no harm. */
  gone(key: LayerKey): void {
    this.#gone.push(key);
  }

  /** Gives back the keys that nobody took. */
  async close(): Promise<void> {
    const unused = [...this.#free.splice(0), ...this.#gone.splice(0)];
    if (unused.length > 0) await this.#rows.database.transaction((trx) => deleteIntents(trx, unused));
  }

  async #reserve(keys: readonly LayerKey[]): Promise<readonly LayerKey[]> {
    this.#onStep('layers.reserve');
    const gone = this.#gone.splice(0);
    await this.#rows.database.transaction(async (trx) => {
      await deleteIntents(trx, gone);
      await trx
        .insertInto('intents')
        .values(keys.map((key) => ({ key })))
        .execute();
    });
    return keys;
  }
}

async function deleteIntents(trx: Transaction<StorageTables>, keys: readonly LayerKey[]): Promise<void> {
  for (let at = 0; at < keys.length; at += VALUES_PER_STATEMENT) {
    const some = keys.slice(at, at + VALUES_PER_STATEMENT);
    await trx.deleteFrom('intents').where('key', 'in', some).execute();
  }
}
