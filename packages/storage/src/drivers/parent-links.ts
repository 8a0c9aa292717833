import { readlink, rm, symlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { hasCode } from '@berth/errors';
import { StorageError } from '../errors.ts';
import type { DriverHome } from './home.ts';
import type { DriverProblem, LayerKey } from './interface.ts';
import { isLayerKey } from './keys.ts';

/**
 * Who lies below whom, as symlinks `<home>/<key>/<name>` to `../<key of the parent>`; a base layer has none. A link is made
 * whole or not at all, also by a power cut, and says to people what it says to us. (Docker's `lower` and `link` are files that a
 * crash leaves empty: moby#35747, #42456, #42978.) A parent never changes: what was read once is known.
 */
export class ParentLinks {
  readonly #home: DriverHome;
  readonly #name: string;
  readonly #parents = new Map<LayerKey, LayerKey | undefined>();

  constructor(home: DriverHome, name = 'parent') {
    this.#home = home;
    this.#name = name;
  }

  path(key: LayerKey): string {
    return this.#home.layer(key, this.#name);
  }

  async link(key: LayerKey, parent: LayerKey | undefined): Promise<void> {
    if (parent !== undefined) await symlink(`../${parent}`, this.path(key));
    this.#parents.set(key, parent);
  }

  /** Makes the link anew, whatever is there. */
  async relink(key: LayerKey, parent: LayerKey | undefined): Promise<void> {
    this.forget(key);
    await rm(this.path(key), { force: true });
    await this.link(key, parent);
  }

  forget(key: LayerKey): void {
    this.#parents.delete(key);
  }

  /** As it stands on disk now. @throws {StorageError} `LAYER_DAMAGED` when it is no link to a layer */
  async readParent(key: LayerKey): Promise<LayerKey | undefined> {
    const path = this.path(key);
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

  /** As `readParent`, but what is no link to a layer is a value. */
  async find(key: LayerKey): Promise<LayerKey | 'damaged' | undefined> {
    try {
      return await this.readParent(key);
    } catch (error) {
      if (hasCode(error) && error.code === 'LAYER_DAMAGED') return 'damaged';
      throw error;
    }
  }

  /** What is wrong with the link, which should lead to `parent`. */
  async check(key: LayerKey, parent: LayerKey | undefined): Promise<readonly DriverProblem[]> {
    const found = await this.find(key);
    if (found === parent) return [];
    const named = found === 'damaged' ? 'something that is no layer' : (found ?? 'no layer');
    const detail = `It lies on ${parent ?? 'no layer'}, and its link "${this.#name}" names ${named}`;
    return [{ key, problem: 'unlinked', detail, isRepairable: true }];
  }

  /** All layers below, nearest first. */
  async below(key: LayerKey): Promise<readonly LayerKey[]> {
    const stack: LayerKey[] = [];
    const seen = new Set<LayerKey>([key]);
    for (let at = await this.parent(key); at !== undefined; at = await this.parent(at)) {
      if (seen.has(at)) throw damaged(at, 'the layers below it lead back to it');
      seen.add(at);
      stack.push(at);
    }
    return stack;
  }

  async parent(key: LayerKey): Promise<LayerKey | undefined> {
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
