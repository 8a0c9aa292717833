import { KeyedLock } from '../keyed-lock.ts';
import type { CallOptions } from './dmsetup.ts';
import { devicePath } from './pool-ground.ts';
import { mustRun } from './run-program.ts';
import type { ThinPool } from './thin-pool.ts';

/**
 * What only the pool's metadata tell: which devices there are, and where two of them differ. The kernel has no call for it; the
 * programs of thin-provisioning-tools read a snapshot of the metadata while the pool is at work.
 */
export class PoolMetadata {
  readonly #pool: ThinPool;
  /** The kernel gives one snapshot at a time. */
  readonly #lock = new KeyedLock<'metadata'>();

  constructor(pool: ThinPool) {
    this.#pool = pool;
  }

  /** Ids of all devices in the pool. */
  async devices(options: CallOptions = {}): Promise<ReadonlySet<number>> {
    const said = await this.#read(async (device) =>
      mustRun('thin_ls', ['--metadata-snap', '--no-headers', '--format', 'DEV', device], options),
    );
    return new Set(said.split(/\s+/).filter(Boolean).map(Number));
  }

  /** Blocks that `to` has and `from` has not, or not the same. */
  async blocksBeyond(from: number, to: number, options: CallOptions = {}): Promise<number> {
    const sum = new DifferenceSum();
    await this.#read(async (device) => {
      const args = ['--metadata-snap', '--snap1', String(from), '--snap2', String(to), device];
      await mustRun('thin_delta', args, { ...options, onStdout: (text) => sum.push(text) });
    });
    return sum.blocks;
  }

  async #read<T>(work: (device: string) => Promise<T>): Promise<T> {
    return await this.#lock.run('metadata', async () => {
      const device = await devicePath(this.#pool.table.metadataDevice);
      await this.#pool.holdMetadata();
      try {
        return await work(device);
      } finally {
        await this.#pool.releaseMetadata();
      }
    });
  }
}

/** Adds up what thin_delta writes, a line for each range. */
export class DifferenceSum {
  #rest = '';
  #blocks = 0;

  get blocks(): number {
    return this.#blocks;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const range = /<(?:different|right_only) [^>]*\blength="(\d+)"/.exec(line);
      if (range !== null) this.#blocks += Number(range[1]);
    }
  }
}
