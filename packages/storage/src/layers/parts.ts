import { statSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChainID } from '@berth/oci';
import type { DiskWork } from '../drivers/disk/interface.ts';
import type { LayerKey, StorageDriver } from '../drivers/interface.ts';
import { KeyedLock } from '../drivers/keyed-lock.ts';
import type { MountTable } from '../drivers/mounts.ts';
import { StorageError } from '../errors.ts';
import type { TreeWorkers } from '../tree/interface.ts';
import { DiskSync } from './disk-sync.ts';
import type { KeyReserve } from './key-reserve.ts';
import { Pins } from './pins.ts';
import type { LayerRow, LayerRows } from './rows.ts';
import type { LayerStep } from './steps.ts';

/** What the parts of one open layer store share. */
export class StoreParts {
  readonly root: string;
  readonly driver: StorageDriver;
  readonly mounts: MountTable;
  readonly disk: DiskWork;
  readonly tree: TreeWorkers;
  readonly rows: LayerRows;
  readonly keys: KeyReserve;
  /** Stacks that somebody builds on: rows of these layers stay. */
  readonly layerPins = new Pins<ChainID>();
  /** Folders that somebody reads: their removal waits. */
  readonly keyPins = new Pins<LayerKey>();
  readonly #aheadTurn = { isTaken: false };
  readonly #onStep: (step: string) => void;
  readonly #structure = new KeyedLock<'structure'>();

  constructor(parts: {
    readonly root: string;
    readonly driver: StorageDriver;
    readonly mounts: MountTable;
    readonly disk: DiskWork;
    readonly tree: TreeWorkers;
    readonly rows: LayerRows;
    readonly keys: KeyReserve;
    readonly onStep: (step: string) => void;
  }) {
    this.root = parts.root;
    this.driver = parts.driver;
    this.mounts = parts.mounts;
    this.disk = parts.disk;
    this.tree = parts.tree;
    this.rows = parts.rows;
    this.keys = parts.keys;
    this.#onStep = parts.onStep;
  }

  step(step: LayerStep): void {
    this.#onStep(step);
  }

  /** Looking which layers are there and pinning them, and taking rows away: never both at once. */
  withStructure<T>(work: () => Promise<T>): Promise<T> {
    return this.#structure.run('structure', work);
  }

  /** Where the tar's own bytes of a layer are kept. */
  tarSplitPath(key: LayerKey): string {
    return join(tarSplitFolder(this.root), key);
  }

  /** To be opened before layers are written. A driver that syncs by itself does so besides. */
  openDiskSync(): DiskSync {
    const mine = tarSplitFolder(this.root);
    const theirs = join(this.root, this.driver.name);
    // The driver's folder may be a file system of its own, mounted below the root.
    const isApart = statSync(mine).dev !== statSync(theirs).dev;
    return new DiskSync(isApart ? [mine, theirs] : [mine], this.#aheadTurn);
  }

  /**
   * Takes away what a call that failed has made under a key. Never throws, so that the failure itself is told: what cannot be
   * removed now is still an intent, and the next start tries again.
   */
  async discard(key: LayerKey): Promise<void> {
    const removal = this.mounts.releaseFor(key, async () => {
      await this.driver.remove(key);
      await rm(this.tarSplitPath(key), { force: true });
    });
    await removal.then(
      () => this.keys.gone(key),
      () => undefined,
    );
  }

  /** @throws {StorageError} `LAYER_UNKNOWN` */
  async needLayer(chainID: ChainID, action: string): Promise<LayerRow> {
    const row = await this.rows.layer(chainID);
    if (row !== undefined) return row;
    throw new StorageError('LAYER_UNKNOWN', `Cannot ${action} the layer "${chainID}": it is not here`, {
      hint: 'Pull or load the image that has it',
      detail: { chainID },
    });
  }
}

export function tarSplitFolder(root: string): string {
  return join(root, 'tar-split');
}

export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}
