import { asDiskFull } from '../drivers/disk/disk-full.ts';
import type { DiskSync } from './disk-sync.ts';
import type { StoreParts } from './parts.ts';
import { insertLayers, type LayerRow, type NewLayer } from './rows.ts';

interface Waiting {
  readonly layer: NewLayer;
  readonly disk: DiskSync;
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

  /** Parents are given before their children. @param disk open since before the layer was written @throws {StorageError} `DISK_FULL` */
  commit(layer: NewLayer, disk: DiskSync): Promise<LayerRow> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ layer, disk, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0);
      try {
        const rows = await this.#commitGroup(group);
        for (const [at, { resolve }] of group.entries()) resolve(rows[at] as LayerRow);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#isRunning = false;
  }

  async #commitGroup(group: readonly Waiting[]): Promise<readonly LayerRow[]> {
    const { rows, root, driver } = this.#parts;
    this.#parts.step('layers.sync');
    try {
      for (const disk of new Set(group.map(({ disk }) => disk))) await disk.sync();
      await driver.sync?.(group.map(({ layer }) => layer.key));
    } catch (error) {
      throw await asDiskFull(error, root);
    }
    this.#parts.step('layers.synced');
    const layers = group.map(({ layer }) => layer);
    const createdAt = rows.database.now();
    this.#parts.step('layers.row');
    await rows.database.transaction((trx) => insertLayers(trx, layers, createdAt));
    this.#parts.step('layers.committed');
    return layers.map(({ takeOwners: _, ...layer }) => ({ ...layer, createdAt }));
  }
}
