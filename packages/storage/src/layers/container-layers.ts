import { hasCode } from '@berth/errors';
import type { ChainID } from '@berth/oci';
import { asDiskFull } from '../drivers/disk/disk-full.ts';
import { KeyedLock } from '../drivers/keyed-lock.ts';
import { StorageError } from '../errors.ts';
import type { InitLayers } from './init-layers.ts';
import type { ContainerLayerInfo } from './interface.ts';
import type { StoreParts } from './parts.ts';
import type { Removals } from './removals.ts';
import type { ContainerRow } from './rows.ts';

/** The read-write layers, by name. */
export class ContainerLayers {
  readonly #parts: StoreParts;
  readonly #inits: InitLayers;
  readonly #removals: Removals;
  /** Making and removing the same name wait for each other. */
  readonly #lock = new KeyedLock<string>();

  constructor(parts: StoreParts, options: { readonly inits: InitLayers; readonly removals: Removals }) {
    this.#parts = parts;
    this.#inits = options.inits;
    this.#removals = options.removals;
  }

  /** @see LayerStore.createContainerLayer */
  async create(
    name: string,
    options: { readonly parent?: ChainID; readonly sizeLimitBytes?: number },
  ): Promise<void> {
    await this.#lock.run(name, async () => {
      if ((await this.#parts.rows.container(name)) !== undefined) throw exists(name);
      using pins = new DisposableStack();
      const { parent } = options;
      if (parent !== undefined) {
        await this.#parts.withStructure(async () => {
          pins.use(this.#parts.layerPins.pin(parent));
          await this.#parts.needLayer(parent, 'run a container on');
        });
      }
      try {
        await this.#make(name, options);
      } catch (error) {
        throw await asDiskFull(error, this.#parts.root);
      }
    });
  }

  async info(name: string): Promise<ContainerLayerInfo | undefined> {
    const row = await this.#parts.rows.container(name);
    return row === undefined ? undefined : this.#toInfo(row);
  }

  async all(): Promise<readonly ContainerLayerInfo[]> {
    return (await this.#parts.rows.allContainers()).map((row) => this.#toInfo(row));
  }

  /** @throws {StorageError} `CONTAINER_LAYER_UNKNOWN` */
  async need(name: string, action: string): Promise<ContainerRow> {
    const row = await this.#parts.rows.container(name);
    if (row !== undefined) return row;
    throw new StorageError(
      'CONTAINER_LAYER_UNKNOWN',
      `Cannot ${action} the container layer "${name}": there is none`,
      {
        detail: { name },
      },
    );
  }

  async mount(name: string): Promise<string> {
    const row = await this.need(name, 'mount');
    try {
      return await this.#parts.mounts.mount(row.key, { isReadonly: false });
    } catch (error) {
      if (!(hasCode(error) && (error.code === 'LAYER_UNKNOWN' || error.code === 'LAYER_DAMAGED')))
        throw error;
      throw new StorageError(
        'CONTAINER_LAYER_DAMAGED',
        `Cannot mount the container layer "${name}": its folder is not whole`,
        { hint: 'Run berth check --repair, or remove the container', detail: { name }, cause: error },
      );
    }
  }

  async unmount(name: string): Promise<void> {
    const row = await this.#parts.rows.container(name);
    if (row !== undefined) await this.#parts.mounts.unmount(row.key);
  }

  /** @see LayerStore.removeContainerLayer */
  async remove(name: string): Promise<void> {
    await this.#lock.run(name, async () => {
      const row = await this.#parts.rows.container(name);
      if (row === undefined) return;
      const { key } = row;
      const { mounts, rows } = this.#parts;
      await mounts.releaseFor(key, async () => {
        this.#parts.step('layers.forget');
        await rows.database.transaction(async (trx) => {
          await trx.deleteFrom('container_layers').where('name', '=', name).execute();
          await trx.insertInto('intents').values({ key }).execute();
        });
        this.#parts.step('layers.forgotten');
      });
      await this.#removals.remove(key);
      this.#parts.step('layers.removed');
    });
  }

  #toInfo({ name, parent, key }: ContainerRow): ContainerLayerInfo {
    return { name, parent, isMounted: this.#parts.mounts.isMounted(key) };
  }

  async #make(
    name: string,
    { parent, sizeLimitBytes }: { readonly parent?: ChainID; readonly sizeLimitBytes?: number },
  ): Promise<void> {
    const { driver, keys, rows } = this.#parts;
    const initKey = await this.#inits.get(parent);
    const key = await keys.take();
    try {
      const limit = sizeLimitBytes === undefined ? {} : { sizeLimitBytes };
      await driver.create(key, { parent: initKey, isWritable: true, ...limit });
      this.#parts.step('layers.container-made');
      const created_at = rows.database.now().getTime();
      await rows.database.transaction(async (trx) => {
        await trx
          .insertInto('container_layers')
          .values({
            name,
            key,
            parent: parent ?? null,
            init_key: initKey,
            size_limit: sizeLimitBytes ?? null,
            created_at,
          })
          .execute();
        await trx.deleteFrom('intents').where('key', '=', key).execute();
      });
      this.#parts.step('layers.container-committed');
    } catch (error) {
      await this.#parts.discard(key);
      throw error;
    }
  }
}

function exists(name: string): StorageError {
  return new StorageError(
    'CONTAINER_LAYER_EXISTS',
    `Cannot make the container layer "${name}": it exists already`,
    {
      detail: { name },
    },
  );
}
