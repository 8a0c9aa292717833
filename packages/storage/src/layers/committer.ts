import { asDiskFull } from '../drivers/disk/disk-full.ts';
import type { StoreParts } from './parts.ts';
import { insertLayers, type LayerRow, type NewLayer } from './rows.ts';

interface Waiting {
  readonly layer: NewLayer;
  readonly resolve: (row: LayerRow) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes finished layers durable and then visible. Those that are ready when one sync ends share the next one and its
 * transaction: a stack of small layers costs two syncs, not one for each.
 */
export class Committer {
  readonly #parts: StoreParts;
  readonly #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** Parents are given before their children. @throws {StorageError} `DISK_FULL` */
  commit(layer: NewLayer): Promise<LayerRow> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ layer, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0);
      try {
        const rows = await this.#commitGroup(group.map(({ layer }) => layer));
        for (const [at, { resolve }] of group.entries()) resolve(rows[at] as LayerRow);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#isRunning = false;
  }

  async #commitGroup(layers: readonly NewLayer[]): Promise<readonly LayerRow[]> {
    const { rows, root } = this.#parts;
    this.#parts.step('layers.sync');
    try {
      await this.#parts.sync(layers.map(({ key }) => key));
    } catch (error) {
      throw await asDiskFull(error, root);
    }
    this.#parts.step('layers.synced');
    const createdAt = rows.database.now();
    this.#parts.step('layers.row');
    await rows.database.transaction((trx) => insertLayers(trx, layers, createdAt));
    this.#parts.step('layers.committed');
    return layers.map(({ takeOwners: _, ...layer }) => ({ ...layer, createdAt }));
  }
}
