import { type ChainID, Digester, digestAlgorithm } from '@berth/oci';
import type { Transaction } from 'kysely';
import type { LayerKey } from '../drivers/interface.ts';
import { StorageError } from '../errors.ts';
import type { CallOptions, LayerInfo, ReadTarOptions } from './interface.ts';
import type { StoreParts } from './parts.ts';
import type { Removals } from './removals.ts';
import { insertOwner, type LayerRow, toInfo } from './rows.ts';
import type { StorageTables } from './schema.ts';

/** A layer whose row is gone, with the init layer that lay on it. */
interface Forgotten {
  readonly row: LayerRow;
  readonly initKey: LayerKey | undefined;
}

/** The image layers that are here: who owns them, their bytes, and how they go. */
export class ImageLayers {
  readonly #parts: StoreParts;
  readonly #removals: Removals;

  constructor(parts: StoreParts, removals: Removals) {
    this.#parts = parts;
    this.#removals = removals;
  }

  async addOwner(chainID: ChainID, owner: string): Promise<void> {
    await this.#parts.withStructure(async () => {
      await this.#parts.needLayer(chainID, 'own');
      await this.#parts.rows.database.transaction((trx) => insertOwner(trx, chainID, owner));
    });
  }

  /** @see LayerStore.readTar */
  async *readTar(
    chainID: ChainID,
    { signal, verifies = true }: ReadTarOptions = {},
  ): AsyncGenerator<Uint8Array> {
    const { driver, tree, keyPins } = this.#parts;
    const row = await this.#parts.needLayer(chainID, 'read');
    using _pin = keyPins.pin(row.key);
    // It may have gone before the pin: then its folder may, too.
    await this.#parts.needLayer(chainID, 'read');
    const digester = verifies ? new Digester(digestAlgorithm(row.diffID)) : undefined;
    {
      await using folder = await driver.open(row.key);
      const options = signal === undefined ? {} : { signal };
      for await (const chunk of tree.rebuildTar(folder, this.#parts.tarSplitPath(row.key), options)) {
        digester?.update(chunk);
        yield chunk;
      }
    }
    const digest = digester?.digest() ?? row.diffID;
    if (digest === row.diffID) return;
    throw new StorageError(
      'LAYER_DAMAGED',
      `Cannot read layer "${chainID}": expected diffID "${row.diffID}", got "${digest}"`,
      { hint: 'Something changed its files: run berth check --deep', detail: { chainID } },
    );
  }

  /** @see LayerStore.removeOwner */
  async removeOwner(owner: string): Promise<readonly LayerInfo[]> {
    return (
      await this.#forget(async (trx) => {
        const owned = await trx
          .selectFrom('layer_owners')
          .select('chain_id')
          .where('owner', '=', owner)
          .execute();
        await trx.deleteFrom('layer_owners').where('owner', '=', owner).execute();
        return owned.map((row) => row.chain_id as ChainID);
      })
    ).map(({ row }) => toInfo(row));
  }

  /** @see LayerStore.sweep */
  async sweep(
    options: CallOptions = {},
  ): Promise<{ readonly layers: readonly LayerInfo[]; readonly bytes: number }> {
    let bytes = 0;
    const layers = await this.#forget(
      async (trx) => {
        const tops = await trx
          .selectFrom('layers')
          .leftJoin('layers as child', 'child.parent', 'layers.chain_id')
          .select('layers.chain_id')
          .where('child.chain_id', 'is', null)
          .execute();
        return tops.map((row) => row.chain_id as ChainID);
      },
      async (key) => {
        bytes += await this.#parts.driver.usage(key, options);
      },
    );
    return { layers: layers.map(({ row }) => toInfo(row)), bytes };
  }

  /**
   * Takes away the layers that nobody needs, from the given tops down: rows first, folders after, children before parents.
   * Between the two a crash leaves keys that are only intents.
   */
  async #forget(
    tops: (trx: Transaction<StorageTables>) => Promise<readonly ChainID[]>,
    onKey: (key: LayerKey) => Promise<void> = async () => {},
  ): Promise<readonly Forgotten[]> {
    const { rows } = this.#parts;
    const forgotten = await this.#parts.withStructure(async () => {
      this.#parts.step('layers.forget');
      const all: Forgotten[] = [];
      await rows.database.transaction(async (trx) => {
        for (const top of await tops(trx)) {
          for (let at: ChainID | undefined = top; at !== undefined; ) {
            const gone: Forgotten | undefined = await this.#forgetRow(trx, at);
            if (gone !== undefined) all.push(gone);
            at = gone?.row.parent;
          }
        }
      });
      return all;
    });
    this.#parts.step('layers.forgotten');
    for (const { row, initKey } of forgotten) {
      for (const key of initKey === undefined ? [row.key] : [initKey, row.key]) {
        await onKey(key);
        await this.#removals.remove(key);
      }
    }
    if (forgotten.length > 0) this.#parts.step('layers.removed');
    return forgotten;
  }

  /** @returns `undefined` when the layer is needed, or gone */
  async #forgetRow(trx: Transaction<StorageTables>, chainID: ChainID): Promise<Forgotten | undefined> {
    if (this.#parts.layerPins.has(chainID)) return undefined;
    const row = await this.#parts.rows.layer(chainID);
    if (row === undefined || (await isNeeded(trx, chainID))) return undefined;
    const init = await trx
      .selectFrom('init_layers')
      .select('key')
      .where('parent', '=', chainID)
      .executeTakeFirst();
    const keys = init === undefined ? [row.key] : [row.key, init.key];
    await trx.deleteFrom('init_layers').where('parent', '=', chainID).execute();
    const { numDeletedRows } = await trx
      .deleteFrom('layers')
      .where('chain_id', '=', chainID)
      .executeTakeFirst();
    if (numDeletedRows === 0n) return undefined;
    await trx
      .insertInto('intents')
      .values(keys.map((key) => ({ key })))
      .execute();
    return { row, initKey: init?.key as LayerKey | undefined };
  }
}

async function isNeeded(trx: Transaction<StorageTables>, chainID: ChainID): Promise<boolean> {
  const [owner, child, container] = await Promise.all([
    trx
      .selectFrom('layer_owners')
      .select('owner')
      .where('chain_id', '=', chainID)
      .limit(1)
      .executeTakeFirst(),
    trx.selectFrom('layers').select('key').where('parent', '=', chainID).limit(1).executeTakeFirst(),
    trx
      .selectFrom('container_layers')
      .select('key')
      .where('parent', '=', chainID)
      .limit(1)
      .executeTakeFirst(),
  ]);
  return owner !== undefined || child !== undefined || container !== undefined;
}
