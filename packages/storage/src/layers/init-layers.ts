import type { ChainID } from '@berth/oci';
import type { LayerKey } from '../drivers/interface.ts';
import { makeMountPoints } from './mount-points.ts';
import { type StoreParts, syncFolder } from './parts.ts';

/** The layer between an image and its containers: made for the first container, shared by all, kept with the image. */
export class InitLayers {
  readonly #parts: StoreParts;
  readonly #making = new Map<ChainID | undefined, Promise<LayerKey>>();

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** `parent` is pinned by the caller. */
  async get(parent: ChainID | undefined): Promise<LayerKey> {
    const known = await this.#parts.rows.init(parent);
    if (known !== undefined) return known;
    const making = this.#making.get(parent) ?? this.#make(parent);
    this.#making.set(parent, making);
    try {
      return await making;
    } finally {
      this.#making.delete(parent);
    }
  }

  /** Makes the folder of an init layer; what lies there is replaced. */
  async fill(key: LayerKey, parent: ChainID | undefined): Promise<void> {
    const { driver, mounts, rows } = this.#parts;
    const below = parent === undefined ? undefined : (await rows.layer(parent))?.key;
    await driver.create(key, { isWritable: true, ...(below === undefined ? {} : { parent: below }) });
    const root = await mounts.mount(key, { isReadonly: false });
    try {
      makeMountPoints(root);
    } finally {
      await mounts.unmount(key);
    }
    if (driver.sync !== undefined) return await driver.sync([key]);
    // Names and empty files only: what its file system has to write is its log.
    await using folder = await driver.open(key);
    await syncFolder(folder.path);
  }

  async #make(parent: ChainID | undefined): Promise<LayerKey> {
    const { keys, rows } = this.#parts;
    // Another call may have made it while this one was looking.
    const known = await rows.init(parent);
    if (known !== undefined) return known;
    const key = await keys.takeInit();
    try {
      await this.fill(key, parent);
      this.#parts.step('layers.init-made');
      await rows.database.transaction(async (trx) => {
        await trx
          .insertInto('init_layers')
          .values({ key, parent: parent ?? null })
          .execute();
        await trx.deleteFrom('intents').where('key', '=', key).execute();
      });
      this.#parts.step('layers.init-committed');
      return key;
    } catch (error) {
      await this.#parts.discard(key);
      throw error;
    }
  }
}
