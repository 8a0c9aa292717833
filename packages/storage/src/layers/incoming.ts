import { type ChainID, chainIDs, type DiffID, digestBytes } from '@berth/oci';
import { asDiskFull } from '../drivers/disk/disk-full.ts';
import type { LayerKey } from '../drivers/interface.ts';
import { StorageError } from '../errors.ts';
import type { TreeFolder, Unpacked } from '../tree/interface.ts';
import type { Committer } from './committer.ts';
import type { DiskSync } from './disk-sync.ts';
import type { LayerInput } from './interface.ts';
import type { StoreParts } from './parts.ts';
import { ProgressReport } from './progress.ts';
import type { LayerRow } from './rows.ts';

/** The chainID of a layer with this diffID on the stack `parent`. */
export function chainOn(parent: ChainID | undefined, diffID: DiffID): ChainID {
  if (parent === undefined) return chainIDs([diffID])[0] as ChainID;
  return digestBytes(`${parent} ${diffID}`) as string as ChainID;
}

/** What a layer comes from. `accepts` may throw: it is asked before the layer gets a chainID. */
export type LayerSource = LayerInput & { accepts?(unpacked: Unpacked): void };

export interface IncomingOptions {
  readonly parts: StoreParts;
  readonly committer: Committer;
  readonly source: LayerSource;
  readonly disk: DiskSync;
  /** The layer below: there already, on its way too, or none. */
  readonly below: LayerRow | Incoming | undefined;
  /** Known when the source says its diffID and all below have theirs. */
  readonly chainID: ChainID | undefined;
  /** Called when the chainID is found out only now. @returns the layer that has it already */
  readonly onIdentified: (chainID: ChainID) => Promise<LayerRow | undefined>;
  /** Waits until a worker may be given this layer. @returns to be disposed of when it is unpacked */
  readonly takeTurn: (signal: AbortSignal) => Promise<Disposable>;
}

/**
 * One layer on its way in: reserved key → made → unpacked and verified → settled against its parents → committed. Several
 * calls may wait for the same one; it is stopped when the last has gone. When it fails, its children fail with it, and
 * their folders go before its own.
 */
export class Incoming {
  readonly chainID: ChainID | undefined;
  readonly progress = new ProgressReport();
  readonly owners = new Set<string>();
  /** The driver has the folder of this layer: a child may be made on it. */
  readonly made: Promise<LayerKey>;
  /** On disk as it will be, handed to the committer: children may settle. */
  readonly ready: Promise<TreeStack>;
  readonly committed: Promise<LayerRow>;
  /** Also its folder has gone, when it failed. Never rejects. */
  readonly ended: Promise<unknown>;
  /** Layers in its stack, itself included. */
  readonly depth: number;
  /** Those among `owners` that the database has. */
  readonly ownersWritten = new Set<string>();
  readonly #options: IncomingOptions;
  readonly #controller = new AbortController();
  readonly #children: Incoming[] = [];
  readonly #made = Promise.withResolvers<LayerKey>();
  readonly #ready = Promise.withResolvers<TreeStack>();
  #users = 0;
  #isCommitting = false;
  #hasFailed = false;
  #pin: Disposable | undefined;

  constructor(options: IncomingOptions) {
    this.#options = options;
    this.chainID = options.chainID;
    this.depth = (options.below?.depth ?? 0) + 1;
    this.made = this.#made.promise;
    this.ready = this.#ready.promise;
    if (options.below instanceof Incoming) options.below.#children.push(this);
    this.committed = this.#run();
    this.ended = Promise.allSettled([this.made, this.ready, this.committed]);
  }

  get users(): number {
    return this.#users;
  }

  /** It will not be committed: whoever wants this layer now brings it in anew. */
  get isStopped(): boolean {
    return this.#hasFailed || (this.#controller.signal.aborted && !this.#isCommitting);
  }

  /** A whole tree is copied from a parent that is whole; and who knows no chainID may turn out to be there already. */
  get waitsForParent(): boolean {
    const { parts, below } = this.#options;
    if (!(below instanceof Incoming)) return false;
    return parts.driver.abilities.form.form === 'tree' || below.chainID === undefined;
  }

  join(): void {
    this.#users++;
  }

  /** One user less; the last one stops it. */
  leave(reason: unknown): void {
    if (--this.#users > 0) return;
    this.#pin?.[Symbol.dispose]();
    this.#controller.abort(reason);
  }

  async #run(): Promise<LayerRow> {
    const { parts } = this.#options;
    let key: LayerKey | undefined;
    try {
      const parent = await this.#parentKey();
      key = await parts.keys.take();
      await parts.driver.create(key, { isWritable: false, ...(parent === undefined ? {} : { parent }) });
      this.#made.resolve(key);
      const row = await this.#commit(await this.#fill(key));
      if (row.key !== key) await parts.discard(key);
      this.progress.state('committed');
      return row;
    } catch (error) {
      this.#hasFailed = true;
      const { signal } = this.#controller;
      // Whatever stopped it is the reason, not how the work says that it was stopped.
      const failure = await asDiskFull(signal.aborted ? signal.reason : error, parts.root);
      this.#made.reject(failure);
      this.#ready.reject(failure);
      for (const child of this.#children) child.#controller.abort(failure);
      await Promise.all(this.#children.map((child) => child.ended));
      if (key !== undefined) await parts.discard(key);
      throw failure;
    }
  }

  /** What the driver makes this layer on. */
  async #parentKey(): Promise<LayerKey | undefined> {
    const { below } = this.#options;
    const { signal } = this.#controller;
    signal.throwIfAborted();
    if (!(below instanceof Incoming)) return below?.key;
    return this.waitsForParent
      ? (await orAbort(below.committed, signal)).key
      : await orAbort(below.made, signal);
  }

  /** Unpacks, verifies and settles; the folder is closed when it resolves. */
  async #fill(key: LayerKey): Promise<Filled> {
    const { parts, source, below, takeTurn, disk } = this.#options;
    const { signal } = this.#controller;
    using turn = await takeTurn(signal);
    await using folder = await parts.driver.open(key);
    const unpacked = await parts.tree.unpack(folder, this.#bytes(), {
      signal,
      tarSplitPath: parts.tarSplitPath(key),
      onProgress: (doneBytes) => this.progress.bytes(doneBytes),
    });
    turn[Symbol.dispose]();
    disk.ahead(unpacked.sizeBytes);
    this.#verify(unpacked);
    source.accepts?.(unpacked);
    parts.step('layers.unpacked');
    this.progress.state('applied');
    const stackBelow =
      below instanceof Incoming ? await orAbort(below.ready, signal) : await stackOf(parts, below);
    await this.#settle(folder, { key, unpacked, parents: stackBelow.keys });
    return { key, unpacked, stackBelow };
  }

  async #commit({ key, unpacked, stackBelow }: Filled): Promise<LayerRow> {
    const { parts, committer, disk, onIdentified } = this.#options;
    const chainID = this.chainID ?? chainOn(stackBelow.chainID, unpacked.diffID);
    if (this.chainID === undefined) {
      this.#pin = parts.layerPins.pin(chainID);
      const known = await onIdentified(chainID);
      if (known !== undefined) {
        this.#ready.resolve(await stackOf(parts, known));
        return known;
      }
    }
    this.#controller.signal.throwIfAborted();
    this.#isCommitting = true;
    const committed = committer.commit(
      {
        key,
        chainID,
        diffID: unpacked.diffID,
        parent: stackBelow.chainID,
        sizeBytes: unpacked.sizeBytes,
        tarSizeBytes: unpacked.tarSizeBytes,
        depth: stackBelow.keys.length + 1,
        takeOwners: () => {
          for (const owner of this.owners) this.ownersWritten.add(owner);
          return [...this.owners];
        },
      },
      disk,
    );
    this.#ready.resolve({ chainID, keys: [key, ...stackBelow.keys] });
    return await committed;
  }

  /** Opened when the worker asks for the first byte, and not before. */
  async *#bytes(): AsyncGenerator<Uint8Array> {
    yield* this.#options.source.open({ signal: this.#controller.signal });
  }

  #verify({ diffID }: Unpacked): void {
    const expected = this.#options.source.diffID;
    if (expected === undefined || expected === diffID) return;
    throw new StorageError(
      'DIFF_ID_MISMATCH',
      `Cannot apply layer: expected diffID "${expected}", got "${diffID}"`,
      {
        hint: 'The image says it is made of other bytes than these: push it again, or ask who made it',
        detail: { expected, actual: diffID },
      },
    );
  }

  async #settle(
    folder: TreeFolder,
    layer: { readonly key: LayerKey; readonly unpacked: Unpacked; readonly parents: readonly LayerKey[] },
  ): Promise<void> {
    const { key, unpacked, parents } = layer;
    const { parts } = this.#options;
    const { signal } = this.#controller;
    const { impliedDirectories, foreignLinks, isRootOpaque = false } = unpacked.settle;
    const isSettled = impliedDirectories.length + foreignLinks.length === 0 && !isRootOpaque;
    if (folder.form === 'tree' || isSettled) return;
    await using stack = new AsyncDisposableStack();
    const folders: TreeFolder[] = [];
    for (const parent of parents) folders.push(stack.use(await parts.driver.open(parent)));
    await parts.tree.settle(folder, unpacked.settle, folders, {
      signal,
      tarSplitPath: parts.tarSplitPath(key),
    });
    parts.step('layers.settled');
  }
}

interface Filled {
  readonly key: LayerKey;
  readonly unpacked: Unpacked;
  readonly stackBelow: TreeStack;
}

/** A layer with all below it, as far as children need it: nearest first. */
interface TreeStack {
  readonly chainID: ChainID | undefined;
  readonly keys: readonly LayerKey[];
}

async function stackOf(parts: StoreParts, row: LayerRow | undefined): Promise<TreeStack> {
  const stack = await parts.rows.stack(row?.chainID);
  return { chainID: row?.chainID, keys: stack.map(({ key }) => key) };
}

/** Waits for somebody else's work, and no longer than one is wanted. */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
