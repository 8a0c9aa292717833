import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StorageError } from '../../errors.ts';
import type { DriverHome } from '../home.ts';
import type { LayerKey } from '../interface.ts';
import { KeyedLock } from '../keyed-lock.ts';
import type { DeviceIds } from './device-ids.ts';
import {
  DEVICE_RECORD,
  type DeviceRecord,
  POOL_FOLDER,
  readDeviceRecord,
  readTransactionRecord,
  syncFolder,
  TRANSACTION_RECORD,
  type TransactionRecord,
  writeRecord,
} from './records.ts';
import type { ThinPool } from './thin-pool.ts';

export interface NewDevice {
  readonly key: LayerKey;
  readonly bytes: number;
  readonly parent?: LayerKey;
  /** Of the device that it is a snapshot of. */
  readonly originId: number;
}

/**
 * Changes of the pool, one after the other, so that a stop at any point leaves pool and records the same:
 *
 * 1. what is about to happen is noted, with the number that the pool has afterwards,
 * 2. the pool does it,
 * 3. the record of the device is written, or removed,
 * 4. the pool gets the number.
 *
 * A note whose number the pool does not have yet was stopped in between: at the next start a device that was made is taken back. One
 * that was to go is still named by its record, and goes then.
 */
export class PoolChanges {
  readonly #home: DriverHome;
  readonly #pool: ThinPool;
  readonly #ids: DeviceIds;
  readonly #onStep: (step: string) => void;
  readonly #lock = new KeyedLock<'pool'>();
  #number: number;
  /** Of the last change, when that failed on its way. */
  #unfinished: TransactionRecord | undefined;

  constructor(
    pool: ThinPool,
    options: {
      readonly home: DriverHome;
      readonly ids: DeviceIds;
      /** What the pool has now. */
      readonly number: number;
      readonly onStep: (step: string) => void;
    },
  ) {
    this.#pool = pool;
    this.#home = options.home;
    this.#ids = options.ids;
    this.#number = options.number;
    this.#onStep = options.onStep;
  }

  /** Counts up with every change. */
  get number(): number {
    return this.#number;
  }

  /** Makes a snapshot for a layer whose folder is there, while nobody writes to its origin. */
  async create({ key, bytes, parent, originId }: NewDevice): Promise<DeviceRecord> {
    return await this.#lock.run('pool', async () => {
      for (;;) {
        const id = this.#ids.next();
        await this.#note({ id: this.#number + 1, change: 'create', deviceId: id, key });
        this.#onStep('snapshot');
        // Where a record was lost its device is still there: the id stays taken.
        if (!(await this.#pool.createSnapshot(id, originId))) {
          this.#unfinished = undefined;
          continue;
        }
        this.#onStep('record');
        const record = { id, bytes, ...(parent === undefined ? {} : { parent }) };
        await writeRecord(this.#home.layer(key, DEVICE_RECORD), record);
        // The folder itself, too: a device that the pool keeps must be named by something.
        await syncFolder(this.#home.path);
        await this.#close();
        return record;
      }
    });
  }

  /**
   * Deletes the device that the record in a folder names, then the record.
   * @returns `false` when it is in use: nothing has changed
   */
  async delete(key: LayerKey, recordPath: string, { id }: DeviceRecord): Promise<boolean> {
    return await this.#lock.run('pool', async () => {
      await this.#note({ id: this.#number + 1, change: 'delete', deviceId: id, key });
      this.#onStep('delete');
      if (!(await this.#pool.delete(id))) return false;
      await this.#close();
      this.#onStep('forget');
      await rm(recordPath, { force: true });
      // Before the id is given to another: else a power cut could bring the record back, and with it the removal.
      await syncFolder(dirname(recordPath));
      this.#ids.giveBack(id);
      return true;
    });
  }

  /** Deletes devices of the pool that nothing names. They are looked for while nothing is made: a new one has its name a moment later. */
  async deleteUnnamed(find: () => Promise<readonly number[]>): Promise<void> {
    await this.#lock.run('pool', async () => {
      for (const id of await find()) if (await this.#pool.delete(id)) this.#ids.giveBack(id);
    });
  }

  async #note(record: TransactionRecord): Promise<void> {
    if (this.#unfinished !== undefined) {
      await rollBack(this.#pool, { home: this.#home, number: this.#number });
      if (this.#unfinished.change === 'create') this.#ids.giveBack(this.#unfinished.deviceId);
      this.#unfinished = undefined;
    }
    this.#onStep('note');
    await writeRecord(transactionPath(this.#home), record);
    this.#unfinished = record;
  }

  async #close(): Promise<void> {
    this.#onStep('close');
    await this.#pool.setTransaction(this.#number, this.#number + 1);
    this.#number++;
    this.#unfinished = undefined;
  }
}

/**
 * Takes back what was being made when the last process ended.
 *
 * @param options.number what the pool says
 * @throws {StorageError} `DRIVER_UNSUPPORTED` when pool and folder are not of the same time
 */
export async function rollBack(
  pool: ThinPool,
  { home, number }: { readonly home: DriverHome; readonly number: number },
): Promise<void> {
  const note = await readTransactionRecord(transactionPath(home));
  if (note === undefined || note.id === number) return;
  if (note.id !== number + 1) {
    throw new StorageError(
      'DRIVER_UNSUPPORTED',
      `Cannot use the thin pool "${pool.name}": it was changed ${number} times, and "${home.path}" knows of ${note.id}`,
      {
        hint: 'One of the two comes from a backup, or another engine uses the pool: bring back both of the same time, or begin with an empty data folder and an empty pool',
      },
    );
  }
  if (note.change === 'delete') return;
  const path = home.layer(note.key, DEVICE_RECORD);
  const record = await readDeviceRecord(path);
  await pool.delete(note.deviceId);
  if (record?.id !== note.deviceId) return;
  await rm(path);
  await syncFolder(dirname(path));
}

function transactionPath(home: DriverHome): string {
  return join(home.path, POOL_FOLDER, TRANSACTION_RECORD);
}
