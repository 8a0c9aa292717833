import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayerKey } from '../drivers/interface.ts';
import { isLayerKey } from '../drivers/keys.ts';

/**
 * What lies in the home of a driver, whatever its layout: something of a layer has its key as a name, in the home (`<key>/diff`) or one
 * folder deeper (`diff/<key>`).
 */
function pathsOnDisk(home: string): ReadonlyMap<LayerKey, readonly string[]> {
  const found = new Map<LayerKey, string[]>();
  const add = (folder: string, name: string) => {
    if (!isLayerKey(name)) return;
    found.set(name, [...(found.get(name) ?? []), join(folder, name)]);
  };
  for (const entry of readdirSync(home, { withFileTypes: true })) {
    if (isLayerKey(entry.name)) add(home, entry.name);
    else if (entry.isDirectory() && entry.name !== 'garbage') {
      const folder = join(home, entry.name);
      for (const name of readdirSync(folder)) add(folder, name);
    }
  }
  return found;
}

export function keysOnDisk(home: string): readonly LayerKey[] {
  return [...pathsOnDisk(home).keys()];
}

/** As if somebody had removed it by hand. */
export async function takeFromDisk(home: string, key: LayerKey): Promise<void> {
  for (const path of pathsOnDisk(home).get(key) ?? []) await rm(path, { recursive: true, force: true });
}
