import { join } from 'node:path';
import { isMountPoint, remount, syncFileSystemAsync } from '@berth/linux';
import { StorageError } from '../../errors.ts';
import type { DiskWork } from '../disk/interface.ts';
import { blocksOf, DriverHome, layerUnknown, notThere } from '../home.ts';
import type {
  CreateOptions,
  DriverAbilities,
  DriverProblem,
  LayerKey,
  OpenDriverOptions,
  OpenLayer,
  StorageDriver,
} from '../interface.ts';
import { KeyedLock } from '../keyed-lock.ts';
import { keysMountedAt, makeMountPoint, takeMountDown } from '../mount-point.ts';
import { sweepEach } from '../sweep-each.ts';
import { removeDevice } from './dmsetup.ts';
import { growFileSystem, mountDevice } from './file-systems.ts';
import { DEFAULT_BASE_BYTES, ROOTFS } from './make-pool.ts';
import { MOUNT, OPEN_MOUNT, type OpenPool, openNewPool, openPool, readIfWhole } from './open-pool.ts';
import { readOptions } from './options.ts';
import { devicePrefix, type Place, poolName } from './place.ts';
import { syncFiles } from './pool-ground.ts';
import { METADATA_BLOCK_BYTES } from './pool-lines.ts';
import { DEVICE_RECORD, type DeviceRecord, POOL_FOLDER, readDeviceRecord, syncFolder } from './records.ts';
import { Removals } from './removals.ts';
import { asPoolFull, assertRoom } from './room.ts';
import { showSize } from './sizes.ts';
import { statusLines, statusWithoutPool } from './status-lines.ts';

const NAME = 'devicemapper';

/** @throws {StorageError} `DRIVER_OPTION_INVALID`, `DRIVER_UNSUPPORTED` for a pool that is not this folder's */
export async function openDevicemapper(options: OpenDriverOptions): Promise<StorageDriver> {
  const { onStep = () => {}, onFault = () => {}, disk } = options;
  const poolOptions = readOptions(NAME, options.options);
  const home = await DriverHome.open(options.home, disk);
  const place: Place = {
    home,
    options: poolOptions,
    prefix: devicePrefix(home.path),
    onStep: (step) => onStep(`${NAME}.${step}`),
  };
  return new DevicemapperDriver(place, { pool: await openPool(place), disk, onFault });
}

/**
 * Every layer is a device of a thin pool with a file system of its own: a snapshot of its parent's, which shares all blocks with it
 * until they are written to. See records.ts for what lies on disk, pool-changes.ts for how it stays whole.
 */
class DevicemapperDriver implements StorageDriver {
  readonly name = NAME;
  readonly #place: Place;
  readonly #home: DriverHome;
  readonly #disk: DiskWork;
  readonly #onStep: (step: string) => void;
  readonly #removals: Removals;
  readonly #layers = new KeyedLock<LayerKey>();
  readonly #making = new KeyedLock<'pool'>();
  /** How often a layer is open for reading or filling. */
  readonly #opens = new Map<LayerKey, number>();
  /** Bytes of the pool that `usage` has counted last, and whether they are the same as long as nobody opens the layer. */
  readonly #counted = new Map<LayerKey, { readonly bytes: number; readonly isFinal: boolean }>();
  #pool: OpenPool | undefined;
  #knownDevices: { readonly number: number; readonly ids: ReadonlySet<number> } | undefined;

  constructor(
    place: Place,
    options: {
      readonly pool: OpenPool | undefined;
      readonly disk: DiskWork;
      readonly onFault: (error: unknown, what: string) => void;
    },
  ) {
    this.#place = place;
    this.#home = place.home;
    this.#disk = options.disk;
    this.#onStep = place.onStep;
    this.#pool = options.pool;
    const { disk, onFault } = options;
    this.#removals = new Removals(place, { pool: () => this.#pool, disk, onFault });
  }

  get abilities(): DriverAbilities {
    const { baseSizeBytes = DEFAULT_BASE_BYTES } = this.#place.options;
    return {
      form: { form: 'tree' },
      limitsSize: true,
      leastSizeLimitBytes: this.#pool?.record.base.bytes ?? baseSizeBytes,
      maxDepth: Number.MAX_SAFE_INTEGER,
    };
  }

  async status(): Promise<readonly (readonly [string, string])[]> {
    if (this.#pool === undefined) return statusWithoutPool(this.#place);
    await this.#removals.sweepWaiting();
    return await statusLines(this.#place, this.#pool, { waitingDevices: this.#removals.waiting });
  }

  async create(key: LayerKey, { parent, isWritable, sizeLimitBytes }: CreateOptions): Promise<void> {
    if (parent !== undefined) await this.#need(parent, 'build on');
    await this.#explaining(async () => {
      const pool = await this.#needPool();
      await this.#removals.sweepWaiting();
      await assertRoom(this.#place, pool);
      const origin = parent === undefined ? pool.record.base : await this.#need(parent, 'build on');
      const bytes = isWritable ? sizeFor(origin, sizeLimitBytes) : origin.bytes;
      this.#onStep('create');
      await this.#home.makeLayer(key);
      const make = () =>
        pool.changes.create({ key, bytes, originId: origin.id, ...(parent === undefined ? {} : { parent }) });
      const record =
        parent === undefined
          ? await make()
          : await this.#layers.run(parent, () => pool.devices.whileStill(parent, origin, make));
      if (bytes > origin.bytes) {
        this.#onStep('grow');
        await this.#grow(pool, key, record);
      }
      this.#onStep('created');
    });
  }

  async open(key: LayerKey): Promise<OpenLayer> {
    const path = this.#home.layer(key, OPEN_MOUNT);
    await this.#layers.run(key, async () => {
      const record = await this.#need(key, 'open');
      const opens = this.#opens.get(key) ?? 0;
      if (opens === 0) await this.#explaining(() => this.#mountAt(path, { key, record }));
      this.#opens.set(key, opens + 1);
      this.#counted.delete(key);
    });
    let isOpen = true;
    return {
      form: 'tree',
      path: join(path, ROOTFS),
      [Symbol.asyncDispose]: async () => {
        if (!isOpen) return;
        isOpen = false;
        await this.#layers.run(key, () => this.#close(key));
      },
    };
  }

  async mount(key: LayerKey, { isReadonly }: { readonly isReadonly: boolean }): Promise<string> {
    const path = this.#home.layer(key, MOUNT);
    await this.#layers.run(key, async () => {
      const record = await this.#need(key, 'mount');
      this.#counted.delete(key);
      await this.#explaining(() => this.#mountAt(path, { key, record, isReadonly }));
    });
    return join(path, ROOTFS);
  }

  async unmount(key: LayerKey): Promise<void> {
    await this.#layers.run(key, async () => {
      await takeMountDown(this.#home.layer(key, MOUNT));
      await this.#deactivateUnused(key);
    });
  }

  async remove(key: LayerKey): Promise<void> {
    await this.#layers.run(key, async () => {
      for (const name of [MOUNT, OPEN_MOUNT]) await takeMountDown(this.#home.layer(key, name));
      this.#opens.delete(key);
      this.#counted.delete(key);
      await this.#removals.sweepWaiting();
      const aside = await this.#home.moveAside(key, this.#onStep);
      if (aside !== undefined) await this.#removals.sweep(aside);
    });
  }

  /** What was filled was synced when it was closed; what is mounted now is synced here. */
  async sync(keys: readonly LayerKey[]): Promise<void> {
    for (const key of keys) {
      for (const name of [MOUNT, OPEN_MOUNT]) {
        const path = this.#home.layer(key, name);
        if (isMountPoint(path)) await this.#explaining(() => syncFileSystemAsync(path));
      }
    }
    await syncFolder(this.#home.path);
  }

  async mounted(): Promise<ReadonlySet<LayerKey>> {
    return keysMountedAt(this.#home, MOUNT);
  }

  /** What somebody has open still is not garbage yet: nobody could take it away. */
  async list(): Promise<{ readonly keys: ReadonlySet<LayerKey>; readonly garbage: readonly string[] }> {
    await this.#removals.sweepWaiting();
    const { keys, garbage } = await this.#home.list();
    if (garbage.length === 0 || this.#pool === undefined) return { keys, garbage };
    const active = await this.#pool.devices.names();
    const free: string[] = [];
    for (const path of garbage) {
      // What cannot be read may be anything: who sweeps it is told.
      const name = await this.#removals.deviceOf(path).catch(() => undefined);
      if (name === undefined || !active.has(name)) free.push(path);
    }
    return { keys, garbage: free };
  }

  async sweepGarbage(): Promise<number> {
    const { garbage } = await this.#home.list();
    const sweeps = garbage.map((path) => () => this.#removals.sweep(path));
    return await sweepEach([...sweeps, () => this.#sweepUnnamed()]);
  }

  async metadata(key: LayerKey): Promise<Readonly<Record<string, string>>> {
    const record = await readIfWhole(this.#home.layer(key, DEVICE_RECORD));
    if (record === undefined || this.#pool === undefined) return {};
    return {
      DeviceId: String(record.id),
      DeviceName: this.#pool.devices.nameOf(key, record),
      DeviceSize: String(record.bytes),
    };
  }

  async usage(key: LayerKey, options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    const mounts = [MOUNT, OPEN_MOUNT].map((name) => this.#home.layer(key, name));
    // What is mounted in the folder lies in the pool.
    const isMounted = mounts.some((path) => isMountPoint(path));
    const folderBytes = isMounted
      ? (await blocksOf(this.#home.layer(key))) + (await blocksOf(this.#home.layer(key, DEVICE_RECORD)))
      : await this.#disk.measureTree(this.#home.layer(key), options);
    return folderBytes + (await this.#countDevice(key, options));
  }

  /** The pool's own: the base device, its metadata, blocks of files that are free in the pool. */
  async overheadBytes(): Promise<number> {
    const pool = this.#pool;
    if (pool === undefined) return 0;
    const folder = join(this.#home.path, POOL_FOLDER);
    // A file system may count a file as larger than it will be until it has written it.
    if (pool.record.ground.type === 'files') await syncFiles(folder);
    const folderBytes = (await this.#disk.measureTree(folder)) - (await blocksOf(folder));
    let layerBytes = 0;
    for (const { bytes } of this.#counted.values()) layerBytes += bytes;
    if (pool.record.ground.type === 'files') return Math.max(0, folderBytes - layerBytes);
    const { data, metadata } = await pool.thin.status();
    const poolBytes = data.used * pool.thin.blockBytes + metadata.used * METADATA_BLOCK_BYTES;
    return folderBytes + Math.max(0, poolBytes - layerBytes);
  }

  async check(key: LayerKey): Promise<readonly DriverProblem[]> {
    if (!(await this.#home.hasLayer(key))) return notThere(key, this.#home.layer(key), 'missing');
    const path = this.#home.layer(key, DEVICE_RECORD);
    const record = await readIfWhole(path);
    if (record === undefined) {
      const detail = `"${path}" is not there, or says nothing that can be read`;
      return [{ key, problem: 'incomplete', detail, isRepairable: false }];
    }
    if (this.#pool !== undefined && (await this.#devicesOf(this.#pool)).has(record.id)) return [];
    const detail = `The thin pool has no device ${record.id}`;
    return [{ key, problem: 'incomplete', detail, isRepairable: false }];
  }

  /**
   * Layers that are mounted stay, and the pool with them. Else the pool is taken down: nothing of it is left in the kernel, and its
   * files can be copied. One that was given stays as it was found.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#pool === undefined) return;
    await this.#removals.sweepWaiting();
    if (this.#pool.record.ground.type === 'pool') return;
    if (!this.#pool.devices.hasActive) await removeDevice(poolName(this.#place.prefix));
  }

  async #needPool(): Promise<OpenPool> {
    return await this.#making.run('pool', async () => {
      this.#pool ??= await openNewPool(this.#place);
      return this.#pool;
    });
  }

  /** @throws {StorageError} `LAYER_UNKNOWN`, `LAYER_DAMAGED` */
  async #need(key: LayerKey, action: string): Promise<DeviceRecord> {
    const record = await readDeviceRecord(this.#home.layer(key, DEVICE_RECORD));
    if (record === undefined || this.#pool === undefined) throw layerUnknown(key, action);
    return record;
  }

  async #mountAt(
    path: string,
    layer: { readonly key: LayerKey; readonly record: DeviceRecord; readonly isReadonly?: boolean },
  ): Promise<void> {
    const { key, record, isReadonly = false } = layer;
    if (this.#pool === undefined) throw layerUnknown(key, 'mount');
    if (!(await makeMountPoint(path)) && isMountPoint(path)) return;
    this.#onStep('activate');
    const device = await this.#pool.devices.activate(key, record);
    this.#onStep('mount');
    try {
      // Writable in any case: one file system cannot be mounted both ways, and a layer may be open while it is mounted.
      const { mountOptions: options } = this.#place.options;
      await mountDevice(this.#pool.record.fileSystem, device, { mountPoint: path, options });
      if (isReadonly) remount(path, { readonly: true });
    } catch (error) {
      await takeMountDown(path);
      await this.#deactivateUnused(key);
      throw error;
    }
    this.#onStep('mounted');
  }

  async #close(key: LayerKey): Promise<void> {
    const opens = this.#opens.get(key);
    // It was removed meanwhile.
    if (opens === undefined) return;
    if (opens > 1) {
      this.#opens.set(key, opens - 1);
      return;
    }
    this.#opens.delete(key);
    const path = this.#home.layer(key, OPEN_MOUNT);
    try {
      // What cannot be stored is heard of here; unmounting would say nothing.
      if (isMountPoint(path)) await this.#explaining(() => syncFileSystemAsync(path));
    } finally {
      await takeMountDown(path);
      await this.#deactivateUnused(key);
    }
  }

  async #deactivateUnused(key: LayerKey): Promise<void> {
    if ([MOUNT, OPEN_MOUNT].some((name) => isMountPoint(this.#home.layer(key, name)))) return;
    const record = await readIfWhole(this.#home.layer(key, DEVICE_RECORD));
    if (record !== undefined) await this.#pool?.devices.deactivate(key, record);
  }

  /** A snapshot that is larger than its origin: its file system learns of it. */
  async #grow(pool: OpenPool, key: LayerKey, record: DeviceRecord): Promise<void> {
    const mountPoint = this.#home.layer(key, OPEN_MOUNT);
    await this.#mountAt(mountPoint, { key, record });
    try {
      const device = await pool.devices.activate(key, record);
      await growFileSystem(pool.record.fileSystem, { device, mountPoint });
    } finally {
      await takeMountDown(mountPoint);
      await pool.devices.deactivate(key, record);
    }
  }

  /** Devices whose records are lost; a pool that was given has none but ours. */
  async #sweepUnnamed(): Promise<number> {
    const pool = this.#pool;
    if (pool === undefined) return 0;
    let freed = 0;
    const before = await pool.thin.status();
    await pool.changes.deleteUnnamed(async () => {
      const unnamed = await this.#unnamedDevices(pool);
      freed = unnamed.length;
      return unnamed;
    });
    if (freed === 0) return 0;
    this.#knownDevices = undefined;
    const after = await pool.thin.status();
    return Math.max(0, before.data.used - after.data.used) * pool.thin.blockBytes;
  }

  async #unnamedDevices(pool: OpenPool): Promise<readonly number[]> {
    const named = new Set([pool.record.base.id]);
    const { keys, garbage } = await this.#home.list();
    for (const path of [...[...keys].map((key) => this.#home.layer(key)), ...garbage]) {
      const record = await readIfWhole(join(path, DEVICE_RECORD));
      // One that cannot be read may name any.
      if (record === undefined && (await blocksOf(join(path, DEVICE_RECORD))) > 0) return [];
      if (record !== undefined) named.add(record.id);
    }
    return [...(await this.#devicesOf(pool))].filter((id) => !named.has(id));
  }

  async #devicesOf(pool: OpenPool): Promise<ReadonlySet<number>> {
    const { number } = pool.changes;
    if (this.#knownDevices?.number === number) return this.#knownDevices.ids;
    const ids = await pool.metadata.devices();
    this.#knownDevices = { number, ids };
    return ids;
  }

  async #countDevice(key: LayerKey, options: { readonly signal?: AbortSignal }): Promise<number> {
    const record = await readIfWhole(this.#home.layer(key, DEVICE_RECORD));
    if (record === undefined || this.#pool === undefined) return 0;
    const known = this.#counted.get(key);
    if (known?.isFinal === true) return known.bytes;
    const { record: poolRecord, metadata, thin } = this.#pool;
    const parent =
      record.parent === undefined
        ? poolRecord.base
        : await readIfWhole(this.#home.layer(record.parent, DEVICE_RECORD));
    const from = parent ?? poolRecord.base;
    const bytes = (await metadata.blocksBeyond(from.id, record.id, options)) * thin.blockBytes;
    // While it is mounted it changes, and nothing tells.
    const isFinal = ![MOUNT, OPEN_MOUNT].some((name) => isMountPoint(this.#home.layer(key, name)));
    this.#counted.set(key, { bytes, isFinal });
    return bytes;
  }

  async #explaining<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw await asPoolFull(error, this.#place, this.#pool);
    }
  }
}

/** @throws {StorageError} `SIZE_LIMIT_UNSUPPORTED` for less than the layer below has */
function sizeFor(origin: DeviceRecord, limit: number | undefined): number {
  if (limit === undefined || limit === origin.bytes) return origin.bytes;
  if (limit > origin.bytes) return limit;
  throw new StorageError(
    'SIZE_LIMIT_UNSUPPORTED',
    `Cannot limit the container layer to ${limit} bytes: Container size cannot be smaller than ${showSize(origin.bytes)}`,
    { hint: 'Ask for more, or begin with an empty data folder and a smaller dm.basesize' },
  );
}
