import { basename, join } from 'node:path';
import type { DiskWork } from '../disk/interface.ts';
import type { LayerKey } from '../interface.ts';
import { KeyedLock } from '../keyed-lock.ts';
import { takeMountDown } from '../mount-point.ts';
import { MOUNT, OPEN_MOUNT, type OpenPool, readIfWhole } from './open-pool.ts';
import type { Place } from './place.ts';
import { DEVICE_RECORD, type DeviceRecord } from './records.ts';

/** When a removal that failed is tried again, at the earliest. */
const TRY_AGAIN_MS = 60_000;

/** Layers that were moved aside: their devices go when nobody has them open any more, and then what is left of them. */
export class Removals {
  readonly #pool: () => OpenPool | undefined;
  readonly #disk: DiskWork;
  readonly #onStep: (step: string) => void;
  readonly #onFault: (error: unknown, what: string) => void;
  /** Paths in `garbage`: who sweeps the same one later would find the device of another. */
  readonly #sweeping = new KeyedLock<string>();
  /** Removed, and somebody has it open still: paths below `garbage`, and before when nothing is tried again. */
  readonly #waiting = new Map<string, number>();

  constructor(
    place: Place,
    options: {
      readonly pool: () => OpenPool | undefined;
      readonly disk: DiskWork;
      readonly onFault: (error: unknown, what: string) => void;
    },
  ) {
    this.#pool = options.pool;
    this.#disk = options.disk;
    this.#onStep = place.onStep;
    this.#onFault = options.onFault;
  }

  /** How many somebody has open still. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes a layer away that was moved aside, by one at a time. @returns bytes freed; 0 while somebody has it open */
  async sweep(aside: string): Promise<number> {
    return await this.#sweeping.run(aside, () => this.#sweepAlone(aside));
  }

  async #sweepAlone(aside: string): Promise<number> {
    for (const name of [MOUNT, OPEN_MOUNT]) await takeMountDown(join(aside, name));
    let bytes = 0;
    const record = await readIfWhole(join(aside, DEVICE_RECORD));
    const pool = this.#pool();
    if (record !== undefined && pool !== undefined) {
      const freed = await this.#deleteDevice(pool, { aside, record });
      if (freed === undefined) {
        this.#waiting.set(aside, 0);
        return 0;
      }
      bytes += freed;
    }
    this.#waiting.delete(aside);
    this.#onStep('remove');
    return bytes + (await this.#disk.removeTree(aside));
  }

  /** @returns bytes of the pool that are free again; `undefined` when it is in use */
  async #deleteDevice(
    pool: OpenPool,
    { aside, record }: { readonly aside: string; readonly record: DeviceRecord },
  ): Promise<number | undefined> {
    const key = keyOf(aside);
    if (!(await pool.devices.deactivate(key, record))) return undefined;
    const before = await pool.thin.status();
    if (pool.record.ground.type === 'files') await this.#discard(pool, { key, record });
    if (!(await pool.changes.delete(key, join(aside, DEVICE_RECORD), record))) return undefined;
    const after = await pool.thin.status();
    return Math.max(0, before.data.used - after.data.used) * pool.thin.blockBytes;
  }

  async #discard(
    pool: OpenPool,
    { key, record }: { readonly key: LayerKey; readonly record: DeviceRecord },
  ): Promise<void> {
    this.#onStep('discard');
    try {
      await pool.devices.discard(key, record);
    } catch {
      // Only the file stays as large as it was: its blocks are free in the pool.
      await pool.devices.deactivate(key, record);
    }
  }

  /**
   * What could not be removed because it was in use: its device goes with its last user, and then the rest does. Who makes or lists
   * something else neither waits for it nor fails with it.
   */
  async sweepWaiting(): Promise<void> {
    const now = performance.now();
    const due = [...this.#waiting].filter(([, from]) => from <= now).map(([path]) => path);
    const pool = this.#pool();
    if (due.length === 0 || pool === undefined) return;
    try {
      const active = await pool.devices.names();
      for (const path of due) await this.#sweepIfFree(path, active);
    } catch (error) {
      this.#onFault(error, 'devices that wait for their last user');
    }
  }

  async #sweepIfFree(path: string, active: ReadonlySet<string>): Promise<void> {
    try {
      const name = await this.deviceOf(path);
      if (name !== undefined && active.has(name)) return;
      await this.#sweeping.run(path, async () => {
        if (this.#waiting.has(path)) await this.#sweepAlone(path);
      });
    } catch (error) {
      this.#waiting.set(path, performance.now() + TRY_AGAIN_MS);
      this.#onFault(error, `what is left of the layer "${keyOf(path)}"`);
    }
  }

  /** Name of the device of a layer that was moved aside. @throws {StorageError} `LAYER_DAMAGED` */
  async deviceOf(aside: string): Promise<string | undefined> {
    const record = await readIfWhole(join(aside, DEVICE_RECORD));
    return record === undefined ? undefined : this.#pool()?.devices.nameOf(keyOf(aside), record);
  }
}

/** `garbage/<key>.<n>` */
function keyOf(aside: string): LayerKey {
  const name = basename(aside);
  return name.slice(0, name.indexOf('.')) as LayerKey;
}
