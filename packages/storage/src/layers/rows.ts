import type { Database, Param } from '@berth/db';
import type { ChainID, DiffID } from '@berth/oci';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { LayerKey } from '../drivers/interface.ts';
import type { LayerInfo } from './interface.ts';
import type { ContainerLayersTable, LayersTable, StorageTables } from './schema.ts';

/** An image layer as the database has it. */
export interface LayerRow extends LayerInfo {
  readonly key: LayerKey;
}

export interface ContainerRow {
  readonly name: string;
  readonly key: LayerKey;
  readonly parent: ChainID | undefined;
  readonly initKey: LayerKey;
  readonly sizeLimitBytes: number | undefined;
}

export interface InitRow {
  readonly key: LayerKey;
  readonly parent: ChainID | undefined;
}

export interface NewLayer extends Omit<LayerRow, 'createdAt'> {
  /** Asked inside the transaction: those who joined until then own it from the first moment. */
  takeOwners(): readonly string[];
}

/** The prepared reads: one point or one short index range each, on the calling thread. */
export class LayerRows {
  readonly database: Database<StorageTables>;
  readonly #layer: (params: { chainID: string }) => Promise<readonly Selectable<LayersTable>[]>;
  readonly #container: (params: { name: string }) => Promise<readonly Selectable<ContainerLayersTable>[]>;
  readonly #init: (params: { parent: string | null }) => Promise<readonly { key: string }[]>;

  constructor(database: Database<StorageTables>) {
    this.database = database;
    this.#layer = database.prepare((query, param: Param<{ chainID: string }>) =>
      query.selectFrom('layers').selectAll().where('chain_id', '=', param('chainID')),
    );
    this.#container = database.prepare((query, param: Param<{ name: string }>) =>
      query.selectFrom('container_layers').selectAll().where('name', '=', param('name')),
    );
    this.#init = database.prepare((query, param: Param<{ parent: string | null }>) =>
      query
        .selectFrom('init_layers')
        .select('key')
        .where(sql<boolean>`parent IS ${param('parent')}`),
    );
  }

  async layer(chainID: ChainID): Promise<LayerRow | undefined> {
    const [row] = await this.#layer({ chainID });
    return row === undefined ? undefined : toLayer(row);
  }

  /** The layer and all below it, nearest first. */
  async stack(chainID: ChainID | undefined): Promise<readonly LayerRow[]> {
    const stack: LayerRow[] = [];
    for (let at = chainID; at !== undefined; ) {
      const row: LayerRow | undefined = await this.layer(at);
      if (row === undefined) break;
      stack.push(row);
      at = row.parent;
    }
    return stack;
  }

  async container(name: string): Promise<ContainerRow | undefined> {
    const [row] = await this.#container({ name });
    return row === undefined ? undefined : toContainer(row);
  }

  async init(parent: ChainID | undefined): Promise<LayerKey | undefined> {
    const [row] = await this.#init({ parent: parent ?? null });
    return row?.key as LayerKey | undefined;
  }

  /** Everything, parents before children: for check, usage and start. */
  async allLayers(): Promise<readonly LayerRow[]> {
    const rows = await this.database.read.selectFrom('layers').selectAll().orderBy('depth').execute();
    return rows.map(toLayer);
  }

  async allContainers(): Promise<readonly ContainerRow[]> {
    const rows = await this.database.read
      .selectFrom('container_layers')
      .selectAll()
      .orderBy('name')
      .execute();
    return rows.map(toContainer);
  }

  async allInits(): Promise<readonly InitRow[]> {
    const rows = await this.database.read.selectFrom('init_layers').selectAll().execute();
    return rows.map((row) => ({
      key: row.key as LayerKey,
      parent: (row.parent ?? undefined) as ChainID | undefined,
    }));
  }

  /** Those of image and init layers. */
  async sharedAmong(keys: readonly LayerKey[]): Promise<readonly LayerKey[]> {
    if (keys.length === 0) return [];
    const { read } = this.database;
    const inits = await read.selectFrom('init_layers').select('key').where('key', 'in', keys).execute();
    const layers = await read.selectFrom('layers').select('key').where('key', 'in', keys).execute();
    return [...inits, ...layers].map(({ key }) => key as LayerKey);
  }

  async allIntents(): Promise<readonly LayerKey[]> {
    const rows = await this.database.read.selectFrom('intents').select('key').execute();
    return rows.map(({ key }) => key as LayerKey);
  }

  async allOwners(): Promise<ReadonlyMap<string, readonly string[]>> {
    const rows = await this.database.read.selectFrom('layer_owners').selectAll().orderBy('owner').execute();
    const owners = new Map<string, string[]>();
    for (const row of rows) owners.set(row.chain_id, [...(owners.get(row.chain_id) ?? []), row.owner]);
    return owners;
  }

  async ownerNames(): Promise<readonly string[]> {
    const query = this.database.read.selectFrom('layer_owners').select('owner').distinct().orderBy('owner');
    return (await query.execute()).map(({ owner }) => owner);
  }

  async driver(): Promise<string | undefined> {
    const query = this.database.read.selectFrom('settings').select('value').where('name', '=', 'driver');
    return (await query.executeTakeFirst())?.value;
  }

  async recordDriver(name: string): Promise<void> {
    if ((await this.driver()) === name) return;
    await this.database.transaction((trx) =>
      trx
        .insertInto('settings')
        .values({ name: 'driver', value: name })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: name }))
        .execute(),
    );
  }

  async isEmpty(): Promise<boolean> {
    const { read } = this.database;
    const [layer, container] = await Promise.all([
      read.selectFrom('layers').select('key').limit(1).executeTakeFirst(),
      read.selectFrom('container_layers').select('key').limit(1).executeTakeFirst(),
    ]);
    return layer === undefined && container === undefined;
  }
}

/** Rows of layers whose folders are whole and on the disk; their keys are no intents any more. */
export async function insertLayers(
  trx: Transaction<StorageTables>,
  layers: readonly NewLayer[],
  createdAt: Date,
): Promise<void> {
  for (const layer of layers) {
    await trx
      .insertInto('layers')
      .values({
        chain_id: layer.chainID,
        key: layer.key,
        diff_id: layer.diffID,
        parent: layer.parent ?? null,
        size: layer.sizeBytes,
        tar_size: layer.tarSizeBytes,
        depth: layer.depth,
        created_at: createdAt.getTime(),
      })
      .execute();
    await trx.deleteFrom('intents').where('key', '=', layer.key).execute();
    for (const owner of layer.takeOwners()) await insertOwner(trx, layer.chainID, owner);
  }
}

export async function insertOwner(
  trx: Transaction<StorageTables>,
  chainID: ChainID,
  owner: string,
): Promise<void> {
  await trx
    .insertInto('layer_owners')
    .values({ owner, chain_id: chainID })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

function toLayer(row: Selectable<LayersTable>): LayerRow {
  return {
    key: row.key as LayerKey,
    chainID: row.chain_id as ChainID,
    diffID: row.diff_id as DiffID,
    parent: (row.parent ?? undefined) as ChainID | undefined,
    sizeBytes: row.size,
    tarSizeBytes: row.tar_size,
    depth: row.depth,
    createdAt: new Date(row.created_at),
  };
}

function toContainer(row: Selectable<ContainerLayersTable>): ContainerRow {
  return {
    name: row.name,
    key: row.key as LayerKey,
    parent: (row.parent ?? undefined) as ChainID | undefined,
    initKey: row.init_key as LayerKey,
    sizeLimitBytes: row.size_limit ?? undefined,
  };
}

/** What callers see of a row. */
export function toInfo(row: LayerRow): LayerInfo {
  const { key: _, ...info } = row;
  return info;
}
