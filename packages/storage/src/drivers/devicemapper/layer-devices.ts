import type { LayerKey } from '../interface.ts';
import {
  createDevice,
  deviceErrno,
  findDevice,
  keepDevice,
  listDevices,
  type MappedDevice,
  removeDevice,
  resumeDevice,
  suspendDevice,
} from './dmsetup.ts';
import { keyOfName, layerName } from './place.ts';
import { thinTable } from './pool-lines.ts';
import type { DeviceRecord } from './records.ts';
import { mustRun } from './run-program.ts';
import type { ThinPool } from './thin-pool.ts';

/** Devices of the pool that the kernel shows as block devices. Whoever calls takes care of one call at a time for each layer. */
export class LayerDevices {
  readonly #pool: ThinPool;
  readonly #prefix: string;
  readonly #active = new Map<string, MappedDevice>();
  /** They go with their last user. */
  readonly #leaving = new Set<string>();

  constructor(pool: ThinPool, prefix: string) {
    this.#pool = pool;
    this.#prefix = prefix;
  }

  /** Whether the kernel may have one of them still. */
  get hasActive(): boolean {
    return this.#active.size + this.#leaving.size > 0;
  }

  /** Those that an earlier process has left. One that was stopped for a snapshot goes on. */
  async takeOver(): Promise<readonly LayerKey[]> {
    const keys: LayerKey[] = [];
    for (const device of await listDevices(this.#prefix)) {
      const key = keyOfName(this.#prefix, device.name);
      if (key === undefined) continue;
      if ((await findDevice(device.name))?.isSuspended === true) await resumeDevice(device.name);
      this.#active.set(device.name, device);
      keys.push(key);
    }
    return keys;
  }

  /** Nothing happens when it is active. @returns path of its block device */
  async activate(key: LayerKey, { id, bytes }: DeviceRecord): Promise<string> {
    const name = layerName(this.#prefix, key, id);
    const known = this.#active.get(name);
    if (known !== undefined) return known.path;
    const table = thinTable(this.#pool.device.numbers, { id, bytes });
    for (;;) {
      try {
        const device = await createDevice(name, table);
        this.#active.set(name, device);
        this.#leaving.delete(name);
        return device.path;
      } catch (error) {
        if (deviceErrno(error) !== 'EBUSY') throw error;
      }
      // It waits for its last user to go: it stays.
      const waiting = await this.#keep(name);
      this.#leaving.delete(name);
      if (waiting === undefined) continue;
      this.#active.set(name, waiting);
      return waiting.path;
    }
  }

  /** @returns whether it has gone; else it goes with its last user */
  async deactivate(key: LayerKey, { id }: DeviceRecord): Promise<boolean> {
    const name = layerName(this.#prefix, key, id);
    if (!this.#active.delete(name) && !this.#leaving.has(name)) return true;
    this.#leaving.add(name);
    const hasGone = await removeDevice(name);
    if (hasGone) this.#leaving.delete(name);
    return hasGone;
  }

  /** Lets nobody write to it while `work` runs, with all that was written to it stored. */
  async whileStill<T>(key: LayerKey, { id }: DeviceRecord, work: () => Promise<T>): Promise<T> {
    const name = layerName(this.#prefix, key, id);
    if (!this.#active.has(name)) return await work();
    await suspendDevice(name);
    try {
      return await work();
    } finally {
      await resumeDevice(name);
    }
  }

  /** Gives the blocks of a device back to what the pool lies on, unless others have them too. Nobody may have it open. */
  async discard(key: LayerKey, record: DeviceRecord): Promise<void> {
    const path = await this.activate(key, record);
    // Without --force, so that it takes no device that somebody has opened for himself.
    await mustRun('blkdiscard', [path], { timeoutMs: 600_000 });
    await this.deactivate(key, record);
  }

  /** Names of those that are active, by whomever. */
  async names(): Promise<ReadonlySet<string>> {
    return new Set((await listDevices(this.#prefix)).map(({ name }) => name));
  }

  nameOf(key: LayerKey, { id }: DeviceRecord): string {
    return layerName(this.#prefix, key, id);
  }

  async #keep(name: string): Promise<MappedDevice | undefined> {
    try {
      await keepDevice(name);
    } catch (error) {
      // It went meanwhile.
      if (deviceErrno(error) !== 'ENXIO') throw error;
    }
    return await findDevice(name);
  }
}
