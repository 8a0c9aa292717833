import { readlink, symlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { hasCode } from '@berth/errors';
import { StorageError } from '../../errors.ts';
import type { DriverHome } from '../home.ts';
import type { LayerKey } from '../interface.ts';
import { isLayerKey } from '../keys.ts';
import { PARENT } from './paths.ts';

/** Who lies below whom. A parent never changes: what was read once is known. */
export class LayerStacks {
  readonly #home: DriverHome;
  readonly #parents = new Map<LayerKey, LayerKey | undefined>();

  constructor(home: DriverHome) {
    this.#home = home;
  }

  async link(key: LayerKey, parent: LayerKey | undefined): Promise<void> {
    if (parent !== undefined) await symlink(`../${parent}`, this.#home.layer(key, PARENT));
    this.#parents.set(key, parent);
  }

  forget(key: LayerKey): void {
    this.#parents.delete(key);
  }

  /** As it stands on disk now. @throws {StorageError} `LAYER_DAMAGED` when it is no link to a layer */
  async readParent(key: LayerKey): Promise<LayerKey | undefined> {
    const path = this.#home.layer(key, PARENT);
    let target: string;
    try {
      target = await readlink(path);
    } catch (error) {
      if (hasCode(error) && error.code === 'ENOENT') return undefined;
      if (hasCode(error) && error.code === 'EINVAL') throw damaged(key, 'it is no symlink');
      throw error;
    }
    const parent = basename(target);
    if (target !== `../${parent}` || !isLayerKey(parent)) throw damaged(key, `it leads to "${target}"`);
    return parent;
  }

  /** All layers below, nearest first. */
  async below(key: LayerKey): Promise<readonly LayerKey[]> {
    const stack: LayerKey[] = [];
    const seen = new Set<LayerKey>([key]);
    for (let at = await this.#parent(key); at !== undefined; at = await this.#parent(at)) {
      if (seen.has(at)) throw damaged(at, 'the layers below it lead back to it');
      seen.add(at);
      stack.push(at);
    }
    return stack;
  }

  async #parent(key: LayerKey): Promise<LayerKey | undefined> {
    if (this.#parents.has(key)) return this.#parents.get(key);
    const parent = await this.readParent(key);
    this.#parents.set(key, parent);
    return parent;
  }
}

function damaged(key: LayerKey, reason: string): StorageError {
  return new StorageError('LAYER_DAMAGED', `Cannot read the parent of the layer "${key}": ${reason}`, {
    hint: 'Run berth check --repair, which links it anew',
    detail: { key },
  });
}
