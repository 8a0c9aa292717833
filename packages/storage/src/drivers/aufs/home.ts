import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { readMounts } from '@berth/linux';
import { StorageError } from '../../errors.ts';
import { asDiskFull } from '../disk/disk-full.ts';
import { isFolder, layerExists, makeClosedFolder, moveAside, ROOT_MODE } from '../home.ts';
import type { LayerKey } from '../interface.ts';
import { isLayerKey } from '../keys.ts';

/**
 * The layout of Docker's aufs:
 *
 *     <home>/            0710
 *       layers/<key>     the layers below, a line each, nearest first; empty for a base layer
 *       diff/<key>/      0755: what the layer changes, with `.wh.` files
 *       mnt/<key>/       where it is mounted
 *       work/<key>/      of fuse-overlayfs, since it was first mounted by that
 *       garbage/         what is being removed
 */
const LAYERS = 'layers';
const DIFF = 'diff';
const MNT = 'mnt';
const WORK = 'work';
const GARBAGE = 'garbage';
const OF_LAYERS = [LAYERS, DIFF, MNT, WORK] as const;

export class AufsHome {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async open(path: string): Promise<AufsHome> {
    await makeClosedFolder(path);
    for (const name of [...OF_LAYERS, GARBAGE]) await makeClosedFolder(join(path, name));
    // As the kernel names it: mount points are compared with it.
    return new AufsHome(await realpath(path));
  }

  get diffs(): string {
    return join(this.path, DIFF);
  }

  diff(key: LayerKey): string {
    return join(this.path, DIFF, key);
  }

  mountPoint(key: LayerKey): string {
    return join(this.path, MNT, key);
  }

  work(key: LayerKey): string {
    return join(this.path, WORK, key);
  }

  layersFile(key: LayerKey): string {
    return join(this.path, LAYERS, key);
  }

  hasLayer(key: LayerKey): Promise<boolean> {
    return isFolder(this.diff(key));
  }

  /** @throws {StorageError} `LAYER_EXISTS`, `DISK_FULL` */
  async makeLayer(key: LayerKey): Promise<string> {
    const path = this.diff(key);
    try {
      await mkdir(path, { mode: ROOT_MODE });
    } catch (error) {
      if (hasCode(error) && error.code === 'EEXIST') throw layerExists(key);
      throw await asDiskFull(error, path);
    }
    return path;
  }

  /** Whole or not at all, also by a power cut. */
  async writeLayers(key: LayerKey, below: readonly LayerKey[]): Promise<void> {
    const draft = this.#garbage(key);
    await writeFile(draft, below.map((line) => `${line}\n`).join(''), { mode: 0o600 });
    await rename(draft, this.layersFile(key));
  }

  /** The layers below, nearest first. @throws {StorageError} `LAYER_DAMAGED` */
  async readLayers(key: LayerKey): Promise<readonly LayerKey[]> {
    const path = this.layersFile(key);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'EISDIR'))
        throw noLayers(key, 'it is not there');
      throw error;
    }
    const lines = text.split('\n').filter((line) => line !== '');
    if (!lines.every(isLayerKey)) throw noLayers(key, 'it names something that is no layer');
    return lines;
  }

  /** @returns where it is now; `undefined` when there was none */
  async moveAside(key: LayerKey): Promise<string | undefined> {
    return await moveAside(this.diff(key), this.#garbage(key));
  }

  async dropLayers(key: LayerKey): Promise<void> {
    await rm(this.layersFile(key), { recursive: true, force: true });
  }

  async list(): Promise<{ readonly keys: ReadonlySet<LayerKey>; readonly garbage: readonly string[] }> {
    const names = await Promise.all(OF_LAYERS.map((name) => readdir(join(this.path, name))));
    const garbage = await readdir(join(this.path, GARBAGE));
    return {
      keys: new Set(names.flat().filter(isLayerKey)),
      garbage: garbage.map((name) => join(this.path, GARBAGE, name)),
    };
  }

  mounted(): ReadonlySet<LayerKey> {
    const prefix = `${join(this.path, MNT)}/`;
    const names = readMounts().map(({ mountPoint }) => mountPoint);
    return new Set(
      names
        .filter((name) => name.startsWith(prefix))
        .map((name) => name.slice(prefix.length))
        .filter(isLayerKey),
    );
  }

  #garbage(key: LayerKey): string {
    return join(this.path, GARBAGE, `${key}.${randomBytes(4).toString('hex')}`);
  }
}

/** @see DriverEntry.holdsLayers */
export async function holdsAufsLayers(home: string): Promise<boolean> {
  try {
    return (await readdir(join(home, DIFF))).some(isLayerKey);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return false;
    throw error;
  }
}

function noLayers(key: LayerKey, reason: string): StorageError {
  return new StorageError('LAYER_DAMAGED', `Cannot read what lies below the layer "${key}": ${reason}`, {
    hint: 'Run berth check --repair, which writes it anew',
    detail: { key },
  });
}
