import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Change } from '../layers/interface.ts';
import type {
  SettleNotes,
  SettleOptions,
  TreeDifference,
  TreeFolder,
  TreeWorkers,
  Unpacked,
  UnpackOptions,
} from './interface.ts';
import { settleLayer } from './settle/settle-layer.ts';
import { CancelFlag } from './threads/cancel-flag.ts';
import type { TreeJobOf } from './threads/messages.ts';
import { streamOf } from './threads/stream.ts';
import { ThreadPool } from './threads/thread-pool.ts';

export interface OpenTreeWorkersOptions {
  /** Layers that are unpacked at a time, and trees that are read besides; as many as cores and 4 at most unless told. */
  readonly workers?: number;
  /** Nothing to do for so long ends a worker; 5 s unless told. */
  readonly idleMs?: number;
}

const MAX_TAR_BYTES = 64 * 1024 ** 3;
const MAX_ENTRIES = 20_000_000;

/** Starts nothing yet: workers are made when there is something to do. */
export function openTreeWorkers(options: OpenTreeWorkersOptions = {}): TreeWorkers {
  const workers = options.workers ?? Math.min(4, availableParallelism());
  return new ThreadedTreeWorkers(new ThreadPool({ workers, idleMs: options.idleMs ?? 5000 }));
}

interface CallOptions {
  readonly signal?: AbortSignal;
}

class ThreadedTreeWorkers implements TreeWorkers {
  readonly sideBySide: number;
  readonly #pool: ThreadPool;

  constructor(pool: ThreadPool) {
    this.#pool = pool;
    this.sideBySide = pool.workers;
  }

  warm(count: number): void {
    this.#pool.warm(count);
  }

  unpack(
    folder: TreeFolder,
    source: AsyncIterable<Uint8Array>,
    { signal, onProgress, tarSplitPath, maxTarBytes, maxEntries }: UnpackOptions,
  ): Promise<Unpacked> {
    return this.#pool.use({ signal, lane: 'fill' }, (thread, both) =>
      thread.run(
        {
          type: 'unpack',
          folder: plainFolder(folder),
          tarSplitPath: resolve(tarSplitPath),
          maxTarBytes: maxTarBytes ?? MAX_TAR_BYTES,
          maxEntries: maxEntries ?? MAX_ENTRIES,
        },
        { signal: both, source, onProgress },
      ),
    );
  }

  async settle(
    folder: TreeFolder,
    notes: SettleNotes,
    parents: readonly TreeFolder[],
    { signal, tarSplitPath }: SettleOptions,
  ): Promise<void> {
    const { impliedDirectories, foreignLinks, isRootOpaque = false } = notes;
    const hasMore = foreignLinks.length > 0 || isRootOpaque;
    if (folder.form === 'tree' || (impliedDirectories.length === 0 && !hasMore)) return;
    const job: TreeJobOf<'settle'> = {
      type: 'settle',
      folder: plainFolder(folder),
      notes,
      parents: parents.map(plainFolder),
      tarSplitPath: resolve(tarSplitPath),
    };
    signal?.throwIfAborted();
    // Nearly every layer: its root has no entry. A few calls of the system, and a worker may be busy with a download.
    const isRootAlone = impliedDirectories.length === 1 && impliedDirectories[0] === '' && !hasMore;
    if (isRootAlone) return settleLayer(job, CancelFlag.never());
    // Not behind the unpacking of other layers: those may wait for the network.
    await this.#pool.use({ signal, lane: 'read' }, (thread, both) => thread.run(job, { signal: both }));
  }

  changes(difference: TreeDifference, { signal }: CallOptions = {}): Promise<readonly Change[]> {
    const job: TreeJobOf<'changes'> = { type: 'changes', difference: plainDifference(difference) };
    return this.#pool.use({ signal, lane: 'read' }, (thread, both) => thread.run(job, { signal: both }));
  }

  writeDiff(difference: TreeDifference, { signal }: CallOptions = {}): AsyncIterable<Uint8Array> {
    return streamOf(this.#pool, { type: 'diff', difference: plainDifference(difference) }, signal);
  }

  rebuildTar(
    folder: TreeFolder,
    tarSplitPath: string,
    { signal }: CallOptions = {},
  ): AsyncIterable<Uint8Array> {
    return streamOf(
      this.#pool,
      { type: 'rebuild', folder: plainFolder(folder), tarSplitPath: resolve(tarSplitPath) },
      signal,
    );
  }

  size(folder: TreeFolder, { signal }: CallOptions = {}): Promise<number> {
    const job: TreeJobOf<'size'> = { type: 'size', folder: plainFolder(folder) };
    return this.#pool.use({ signal, lane: 'read' }, (thread, both) => thread.run(job, { signal: both }));
  }

  differenceSize(difference: TreeDifference, { signal }: CallOptions = {}): Promise<number> {
    const job: TreeJobOf<'difference-size'> = {
      type: 'difference-size',
      difference: plainDifference(difference),
    };
    return this.#pool.use({ signal, lane: 'read' }, (thread, both) => thread.run(job, { signal: both }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool[Symbol.asyncDispose]();
  }
}

/** Without what cannot go to another thread: a driver's open layer has a method too. */
function plainFolder(folder: TreeFolder): TreeFolder {
  const path = resolve(folder.path);
  return folder.form === 'tree'
    ? { form: 'tree', path }
    : { form: 'changes', whiteouts: folder.whiteouts, path };
}

function plainDifference(difference: TreeDifference): TreeDifference {
  if (!('changes' in difference)) {
    const { upper, lower } = difference;
    return { ...difference, upper: resolve(upper), lower: lower === undefined ? undefined : resolve(lower) };
  }
  return {
    ...difference,
    changes: plainFolder(difference.changes),
    parents: difference.parents.map(plainFolder),
  };
}
