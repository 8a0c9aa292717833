/**
 * What drivers whose layers are folders have in common:
 *
 *     <home>/               0710: nobody but root may reach what lies below (CVE-2021-41091)
 *       <key>/              0710, one per layer
 *       garbage/<key>.<n>/  what is being removed
 */
import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir, readdir, realpath, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '@berth/errors';
import { StorageError } from '../errors.ts';
import { asDiskFull } from './disk/disk-full.ts';
import type { DiskWork } from './disk/interface.ts';
import { assertNothingMounted } from './disk/mounted-inside.ts';
import type { DriverProblem, LayerKey } from './interface.ts';
import { isLayerKey } from './keys.ts';
import { sweepEach } from './sweep-each.ts';

/** Of a driver's home and of each layer: traversal for the group, nothing for others. */
export const CLOSED_MODE = 0o710;
/** Of the root folder of a layer: it is what a container sees as `/`. */
export const ROOT_MODE = 0o755;

const GARBAGE = 'garbage';

/** Folders that are not of layers may be there too (`lost+found`): they are left alone. */
export class DriverHome {
  readonly path: string;
  readonly #disk: DiskWork;

  constructor(path: string, disk: DiskWork) {
    this.path = path;
    this.#disk = disk;
  }

  static async open(path: string, disk: DiskWork): Promise<DriverHome> {
    await makeClosedFolder(path);
    await makeClosedFolder(join(path, GARBAGE));
    // As the kernel names it: mount points are compared with it.
    return new DriverHome(await realpath(path), disk);
  }

  layer(key: LayerKey, ...names: readonly string[]): string {
    return join(this.path, key, ...names);
  }

  /**
   * Makes the folder of a layer, and what `fill` makes in it.
   * @throws {StorageError} `LAYER_EXISTS`, `DISK_FULL`, also for what `fill` hears of the kernel
   */
  async makeLayer(key: LayerKey, fill: (path: string) => Promise<void> = async () => {}): Promise<void> {
    const path = this.layer(key);
    try {
      await mkdir(path, { mode: CLOSED_MODE });
    } catch (error) {
      if (hasCode(error) && error.code === 'EEXIST') throw layerExists(key);
      throw await asDiskFull(error, path);
    }
    try {
      await fill(path);
    } catch (error) {
      throw await asDiskFull(error, path);
    }
  }

  async hasLayer(key: LayerKey): Promise<boolean> {
    return isFolder(this.layer(key));
  }

  /** Renames the layer away, then removes it. After a kill between the two it is garbage. */
  async removeLayer(key: LayerKey, onStep: (step: string) => void): Promise<void> {
    const aside = await this.moveAside(key, onStep);
    if (aside === undefined) return;
    onStep('remove');
    await this.#disk.removeTree(aside);
  }

  /**
   * The first half of a removal.
   * @returns where the layer is now; `undefined` when there was none
   * @throws {StorageError} `LAYER_BUSY`
   */
  async moveAside(key: LayerKey, onStep: (step: string) => void): Promise<string | undefined> {
    onStep('rename');
    return await moveAside(
      this.layer(key),
      join(this.path, GARBAGE, `${key}.${randomBytes(4).toString('hex')}`),
    );
  }

  async list(): Promise<{ readonly keys: ReadonlySet<LayerKey>; readonly garbage: readonly string[] }> {
    const [names, garbage] = await Promise.all([readdir(this.path), readdir(join(this.path, GARBAGE))]);
    return {
      keys: new Set(names.filter(isLayerKey)),
      garbage: garbage.map((name) => join(this.path, GARBAGE, name)),
    };
  }

  async sweepGarbage(): Promise<number> {
    const { garbage } = await this.list();
    return await sweepEach(garbage.map((path) => () => this.#disk.removeTree(path)));
  }
}

/**
 * Renames what is to be removed.
 * @returns where it is now: on a full btrfs a rename finds no room, while a removal has some put by, so that it stays where it is
 * @throws {StorageError} `LAYER_BUSY`
 */
export async function moveAside(path: string, aside: string): Promise<string | undefined> {
  assertNothingMounted(path);
  try {
    await rename(path, aside);
    return aside;
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return undefined;
    if (hasCode(error) && error.code === 'ENOSPC') return path;
    throw error;
  }
}

/** Whether a folder has layers, for `DriverEntry.holdsLayers`. */
export async function holdsLayerFolders(home: string): Promise<boolean> {
  try {
    return (await readdir(home)).some(isLayerKey);
  } catch (error) {
    if (hasCode(error) && error.code === 'ENOENT') return false;
    throw error;
  }
}

/** Makes a folder that only root enters; one that is there already is closed too. Its parents get the same. */
export async function makeClosedFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: CLOSED_MODE });
  const { mode } = await lstat(path);
  if ((mode & 0o7777) !== CLOSED_MODE) await chmod(path, CLOSED_MODE);
}

export async function isFolder(path: string): Promise<boolean> {
  return (await statOf(path))?.isDirectory() ?? false;
}

export async function isFile(path: string): Promise<boolean> {
  return (await statOf(path))?.isFile() ?? false;
}

/** Disk bytes of one file or folder, without what is in it; 0 when it is not there. */
export async function blocksOf(path: string): Promise<number> {
  return ((await statOf(path))?.blocks ?? 0) * 512;
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (hasCode(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    throw error;
  }
}

export function layerExists(key: LayerKey): StorageError {
  return new StorageError('LAYER_EXISTS', `Cannot make the layer "${key}": it is there already`);
}

export function layerUnknown(key: LayerKey, action: string): StorageError {
  return new StorageError('LAYER_UNKNOWN', `Cannot ${action} the layer "${key}": it is not on disk`, {
    hint: 'Run berth check, which tells what is missing and what can be mended',
  });
}

/** What `check` says of a layer that lacks a folder, or all of it. */
export function notThere(
  key: LayerKey,
  path: string,
  problem: 'missing' | 'incomplete',
): readonly DriverProblem[] {
  return [{ key, problem, detail: `"${path}" is not there`, isRepairable: false }];
}

/** @throws {StorageError} `SIZE_LIMIT_UNSUPPORTED` */
export function refuseSizeLimit(driver: string, sizeLimitBytes: number | undefined): void {
  if (sizeLimitBytes === undefined) return;
  throw new StorageError(
    'SIZE_LIMIT_UNSUPPORTED',
    `Cannot limit the container layer to ${sizeLimitBytes} bytes: the driver "${driver}" has no limits of size`,
    { hint: 'Leave out --storage-opt size' },
  );
}

/** @throws {StorageError} `DRIVER_OPTION_INVALID` for options that the driver does not know */
export function refuseUnknownOptions(
  driver: string,
  options: Readonly<Record<string, string>>,
  known: readonly string[] = [],
): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new StorageError(
    'DRIVER_OPTION_INVALID',
    `Cannot open the driver "${driver}": unknown option "${unknown}"`,
    {
      hint: known.length === 0 ? 'It has no options: take this one out' : `It knows ${known.join(', ')}`,
    },
  );
}
