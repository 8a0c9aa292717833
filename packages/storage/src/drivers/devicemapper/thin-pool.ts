import { StorageError } from '../../errors.ts';
import {
  type CallOptions,
  createDevice,
  deviceErrno,
  findDevice,
  type MappedDevice,
  readStatus,
  readTable,
  replaceTable,
  sendMessage,
} from './dmsetup.ts';
import {
  type NewPool,
  type PoolStatus,
  type PoolTable,
  parsePoolStatus,
  parsePoolTable,
  poolTable,
} from './pool-lines.ts';

/** A thin pool that the kernel has, and the messages that it takes. Each message is on disk when it has been answered. */
export class ThinPool {
  readonly device: MappedDevice;
  #table: PoolTable;

  private constructor(device: MappedDevice, table: PoolTable) {
    this.device = device;
    this.#table = table;
  }

  static async create(name: string, pool: NewPool): Promise<ThinPool> {
    const line = poolTable(pool);
    return new ThinPool(await createDevice(name, line), parsePoolTable(line) as PoolTable);
  }

  /**
   * The pool with this name; `undefined` when the kernel has none.
   * @throws {StorageError} `DRIVER_OPTION_INVALID` for a device that is no thin pool
   */
  static async find(name: string): Promise<ThinPool | undefined> {
    const line = await readTable(name);
    const device = await findDevice(name);
    if (line === undefined || device === undefined) return undefined;
    const table = parsePoolTable(line);
    if (table !== undefined) return new ThinPool(device, table);
    throw new StorageError('DRIVER_OPTION_INVALID', `Cannot use the device "${name}": it is no thin pool`, {
      hint: `It is "${line}". lvmthin(7) tells how to make one; no thin volume of lvm may be in it`,
    });
  }

  get name(): string {
    return this.device.name;
  }

  get table(): PoolTable {
    return this.#table;
  }

  get blockBytes(): number {
    return this.#table.blockBytes;
  }

  /** @throws {StorageError} `DISK_FAILED` when the kernel has given the pool up */
  async status(options: CallOptions = {}): Promise<PoolStatus> {
    const status = parsePoolStatus(await readStatus(this.name, options));
    if (status !== 'failed') return status;
    throw new StorageError(
      'DISK_FAILED',
      `Cannot use the thin pool "${this.name}": the kernel has given it up`,
      {
        hint: 'dmesg tells why; thin_check and thin_repair look at its metadata device when the pool is not active',
      },
    );
  }

  /** After its devices have grown. */
  async grow(dataBytes: number): Promise<void> {
    const { metadataDevice, dataDevice, blockBytes } = this.#table;
    const table = poolTable({ dataBytes, metadataDevice, dataDevice, blockBytes });
    await replaceTable(this.name, table);
    this.#table = parsePoolTable(table) ?? this.#table;
  }

  /** @returns `false` when the id is taken */
  async createThin(id: number): Promise<boolean> {
    return await this.#unless('EEXIST', `create_thin ${id}`);
  }

  /** The origin must not be written to meanwhile. @returns `false` when the id is taken */
  async createSnapshot(id: number, origin: number): Promise<boolean> {
    return await this.#unless('EEXIST', `create_snap ${id} ${origin}`);
  }

  /** @returns `false` when it is in use; `true` also when there was none */
  async delete(id: number): Promise<boolean> {
    try {
      return await this.#unless('EBUSY', `delete ${id}`);
    } catch (error) {
      if (deviceErrno(error) === 'ENODATA') return true;
      throw error;
    }
  }

  /** Says which change was made last. Fails when somebody else has made another one since. */
  async setTransaction(from: number, to: number): Promise<void> {
    await sendMessage(this.name, `set_transaction_id ${from} ${to}`);
  }

  /** The state of now, to be read from the metadata device. One at a time. */
  async holdMetadata(): Promise<void> {
    await sendMessage(this.name, 'reserve_metadata_snap');
  }

  async releaseMetadata(): Promise<void> {
    await sendMessage(this.name, 'release_metadata_snap');
  }

  async #unless(errno: ReturnType<typeof deviceErrno>, message: string): Promise<boolean> {
    try {
      await sendMessage(this.name, message);
      return true;
    } catch (error) {
      if (deviceErrno(error) === errno) return false;
      throw error;
    }
  }
}
