import type { ChainID } from '@berth/oci';
import { type DataAtRest, openAtRest } from './data/open-at-rest.ts';
import { ownerOf } from './images/layer-holds.ts';
import { imageNames, referenceOf } from './images/names.ts';
import { describeStorage, type EngineStorage } from './storage-drivers.ts';

/** Bytes of disk by whose they are. `totalBytes` is the sum of all: what lies below the storage folder. */
export interface EngineStorageUsage extends EngineStorage {
  /** Base layers first, each with what lies on it after it. */
  readonly layers: readonly LayerUsage[];
  readonly containers: readonly ContainerUsage[];
  /** Database, folders, and the layer of mount points that each image has once. */
  readonly overheadBytes: number;
  /** Nobody's: `berth storage check --repair` takes it away. */
  readonly leftoverBytes: number;
  readonly totalBytes: number;
}

export interface LayerUsage {
  readonly chainID: string;
  readonly diffID: string;
  readonly parent: string | undefined;
  readonly depth: number;
  /** Of the files in it, as `docker history` counts them. */
  readonly contentBytes: number;
  readonly diskBytes: number;
  /** Names of the images that have it anywhere in their stack; the id of one that has no name. */
  readonly images: readonly string[];
  /** Names of the containers that run on it. */
  readonly containers: readonly string[];
}

export interface ContainerUsage {
  readonly id: string;
  readonly name: string;
  readonly isMounted: boolean;
  readonly diskBytes: number;
}

/** Walks all that is stored. */
export async function measureStorage(
  { database, storage }: DataAtRest,
  options: { readonly signal?: AbortSignal } = {},
): Promise<EngineStorageUsage> {
  const usage = await storage.usage(options);
  const [images, containerNames] = [await namesByOwner(database), await containerNamesOf(database)];
  const parents = new Map(usage.layers.map(({ chainID, parent }) => [chainID, parent]));
  const imagesOf = new Map<ChainID, Set<string>>();
  const containersOf = new Map<ChainID, Set<string>>();
  for (const { chainID, owners, containers } of usage.layers) {
    const names = owners.flatMap((owner) => images.get(owner) ?? []);
    for (let at: ChainID | undefined = chainID; at !== undefined; at = parents.get(at)) {
      addAll(imagesOf, at, names);
      addAll(
        containersOf,
        at,
        containers.map((id) => containerNames.get(id) ?? id),
      );
    }
  }
  const layers = usage.layers
    .map(({ chainID, diffID, parent, depth, sizeBytes, diskBytes }) => ({
      ...{ chainID, diffID, parent, depth, contentBytes: sizeBytes, diskBytes },
      images: [...(imagesOf.get(chainID) ?? [])].sort(),
      containers: [...(containersOf.get(chainID) ?? [])].sort(),
    }))
    .sort((a, b) => a.depth - b.depth || b.diskBytes - a.diskBytes);
  const containers = usage.containerLayers.map(({ name, isMounted, diskBytes }) => ({
    ...{ id: name, name: containerNames.get(name) ?? name, isMounted, diskBytes },
  }));
  const { overheadBytes, leftoverBytes } = usage;
  const held = [...layers, ...containers].reduce((sum, { diskBytes }) => sum + diskBytes, 0);
  return {
    ...(await describeStorage(storage)),
    ...{ layers: inStacks(layers), containers, overheadBytes, leftoverBytes },
    totalBytes: held + overheadBytes + leftoverBytes,
  };
}

/** Of a data folder that no engine has open. @throws {EngineError} `DATA_ROOT_BUSY` while an engine runs: ask that one */
export async function measureStorageFiles(
  dataRoot: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<EngineStorageUsage> {
  await using opened = await openAtRest(dataRoot);
  return await measureStorage(opened, options);
}

async function namesByOwner(
  database: DataAtRest['database'],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const shown = imageNames();
  const names = new Map<string, string[]>();
  const images = await database.read.selectFrom('images').select('id').execute();
  for (const { id } of images) names.set(ownerOf(id as never), []);
  const rows = database.read.selectFrom('image_names').select(['repository', 'tag', 'image_id']);
  for (const { repository, tag, image_id } of await rows.execute()) {
    names.get(ownerOf(image_id as never))?.push(shown.familiar(referenceOf(repository, { tag })));
  }
  for (const [owner, list] of names) if (list.length === 0) list.push(owner.slice(owner.indexOf(':') + 1));
  return names;
}

async function containerNamesOf(database: DataAtRest['database']): Promise<ReadonlyMap<string, string>> {
  const rows = await database.read.selectFrom('containers').select(['id', 'name']).execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

function addAll(sets: Map<ChainID, Set<string>>, key: ChainID, values: readonly string[]): void {
  const set = sets.get(key) ?? new Set();
  sets.set(key, set);
  for (const value of values) set.add(value);
}

function inStacks(layers: readonly LayerUsage[]): readonly LayerUsage[] {
  const children = new Map<string | undefined, LayerUsage[]>();
  for (const layer of layers) {
    const siblings = children.get(layer.parent) ?? [];
    children.set(layer.parent, siblings);
    siblings.push(layer);
  }
  const ordered: LayerUsage[] = [];
  // Stacks are at most some hundred deep, but a list of its own costs nothing.
  const waiting = [...(children.get(undefined) ?? [])].reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    ordered.push(next);
    waiting.push(...(children.get(next.chainID) ?? []).toReversed());
  }
  return ordered;
}
