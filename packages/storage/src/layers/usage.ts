import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { blocksOf } from '../drivers/home.ts';
import type { LayerKey } from '../drivers/interface.ts';
import { isLayerKey } from '../drivers/keys.ts';
import type { CallOptions, StorageUsage } from './interface.ts';
import { type StoreParts, tarSplitFolder } from './parts.ts';
import { toInfo } from './rows.ts';

/** What lies below the root, by whose it is; every byte of disk is counted once. @see LayerStore.usage */
export async function measureStore(parts: StoreParts, options: CallOptions): Promise<StorageUsage> {
  const { driver, rows, mounts, disk } = parts;
  const [layerRows, containerRows, initRows, owners] = await Promise.all([
    rows.allLayers(),
    rows.allContainers(),
    rows.allInits(),
    rows.allOwners(),
  ]);
  const found = await driver.list();
  const unclaimed = new Set<string>(found.keys);
  const claim = async (key: LayerKey): Promise<number> => {
    options.signal?.throwIfAborted();
    return unclaimed.delete(key) ? await driver.usage(key, options) : 0;
  };

  const layers: StorageUsage['layers'][number][] = [];
  for (const row of layerRows) {
    layers.push({
      ...toInfo(row),
      diskBytes: (await claim(row.key)) + (await blocksOf(parts.tarSplitPath(row.key))),
      owners: owners.get(row.chainID) ?? [],
      containers: containerRows.filter(({ parent }) => parent === row.chainID).map(({ name }) => name),
    });
  }
  const containerLayers: StorageUsage['containerLayers'][number][] = [];
  for (const { name, key, parent } of containerRows) {
    containerLayers.push({ name, parent, isMounted: mounts.isMounted(key), diskBytes: await claim(key) });
  }
  let overheadBytes = 0;
  for (const { key } of initRows) overheadBytes += await claim(key);
  const intents = await rows.allIntents();
  for (const key of intents) {
    // On their way in, or out.
    overheadBytes += (await claim(key)) + (await blocksOf(parts.tarSplitPath(key)));
  }
  let leftoverBytes = 0;
  for (const key of unclaimed) leftoverBytes += await driver.usage(key as LayerKey, options);
  for (const path of found.garbage) {
    leftoverBytes += await disk.measureTree(path, { ...options, ownOnly: true });
  }
  // All layers have been counted: what the driver has besides is known now.
  overheadBytes += (await driver.overheadBytes?.()) ?? 0;
  overheadBytes += await folderBytes(parts);
  const known = new Set<string>([...layerRows.map(({ key }) => key), ...intents]);
  for (const path of await strayTarSplits(parts, known)) leftoverBytes += await blocksOf(path);
  return { layers, containerLayers, leftoverBytes, overheadBytes };
}

/** Files of layers that are not there. */
export async function strayTarSplits(
  parts: StoreParts,
  known: ReadonlySet<string>,
): Promise<readonly string[]> {
  const folder = tarSplitFolder(parts.root);
  return (await readdir(folder)).filter((name) => !known.has(name)).map((name) => join(folder, name));
}

/** The database and the folders themselves, without what is in them. */
async function folderBytes({ root, driver }: StoreParts): Promise<number> {
  let bytes = await blocksOf(root);
  for (const entry of await readdir(root, { withFileTypes: true })) {
    bytes += await blocksOf(join(root, entry.name));
  }
  const home = join(root, driver.name);
  for (const entry of await readdir(home, { withFileTypes: true })) {
    if (!isLayerKey(entry.name)) bytes += await blocksOf(join(home, entry.name));
  }
  return bytes;
}
