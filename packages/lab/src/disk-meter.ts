import { execFile } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { hasCode } from '@berth/errors';
import type { LayerStore } from '@berth/storage';

/** What became of the disk between two moments. */
export interface DiskDifference {
  /** That went to the device: contents, and what the file systems write about them. `undefined` where the kernel counts none. */
  readonly writtenBytes: number | undefined;
  /** By which what lies in the layer store takes more of the disk. May be negative. */
  readonly takenBytes: number;
}

interface Reading {
  readonly writtenBytes: number | undefined;
  readonly heldBytes: number;
}

const SECTOR_BYTES = 512;

/**
 * Counts what goes to the disk under a folder, and what a layer store there holds of it. The first is right only while nothing else
 * writes to that disk.
 */
export class DiskMeter {
  readonly #store: LayerStore;
  readonly #counters: string;

  constructor(folder: string, store: LayerStore) {
    this.#store = store;
    const { dev } = lstatSync(folder, { bigint: true });
    // As glibc's gnu_dev_major() and gnu_dev_minor() take it apart.
    const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
    const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
    this.#counters = `/sys/dev/block/${major}:${minor}/stat`;
  }

  /** Everything that was written before is on disk when it begins, and what `work` wrote when it ends. */
  async measure<T>(work: () => Promise<T>): Promise<DiskDifference & { readonly result: T }> {
    const before = await this.#read();
    const result = await work();
    const after = await this.#read();
    return {
      result,
      takenBytes: after.heldBytes - before.heldBytes,
      writtenBytes:
        after.writtenBytes === undefined || before.writtenBytes === undefined
          ? undefined
          : after.writtenBytes - before.writtenBytes,
    };
  }

  async #read(): Promise<Reading> {
    await syncAll();
    const writtenBytes = await this.#written();
    const { layers, containerLayers, overheadBytes, leftoverBytes } = await this.#store.usage();
    const held = [...layers, ...containerLayers].reduce((sum, { diskBytes }) => sum + diskBytes, 0);
    return { writtenBytes, heldBytes: held + overheadBytes + leftoverBytes };
  }

  /** @see linux Documentation/block/stat.rst: the seventh field */
  async #written(): Promise<number | undefined> {
    try {
      const fields = (await readFile(this.#counters, 'utf8')).trim().split(/\s+/);
      return Number(fields[6]) * SECTOR_BYTES;
    } catch (error) {
      if (hasCode(error) && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

/** All file systems: what lies in a file of one is that one's, too. */
export async function syncAll(): Promise<void> {
  await promisify(execFile)('sync');
}
