import type { ChainID } from '@berth/oci';
import { StorageError } from '../errors.ts';
import type { Committer } from './committer.ts';
import type { DiskSync } from './disk-sync.ts';
import { chainOn, Incoming, type LayerSource, orAbort } from './incoming.ts';
import type { ApplyOptions } from './interface.ts';
import type { StoreParts } from './parts.ts';
import { insertOwner, type LayerRow } from './rows.ts';
import { Turns } from './turns.ts';

type Step = LayerRow | Incoming;

type ApplySources = Omit<ApplyOptions, 'layers'> & { readonly layers: readonly LayerSource[] };

interface Attempt {
  /** One per layer, as far as the plan has come. */
  readonly steps: Step[];
  /** Those of the steps that this call has joined and not yet left. */
  readonly incoming: Incoming[];
  /** Begun by this call; others may have joined them. */
  readonly begun: Incoming[];
  readonly turns: Turns;
  /** Open while any of those begun is on its way. */
  disk: DiskSync | undefined;
  /** Another call was bringing one of them already. */
  isShared: boolean;
}

/** Other calls that one may wait for in vain. */
const MAX_SHARED_FAILURES = 5;

/** @see LayerStore.apply */
export class LayerApplier {
  readonly #parts: StoreParts;
  readonly #committer: Committer;
  readonly #inFlight = new Map<ChainID, Incoming>();
  readonly #running = new Set<Promise<unknown>>();

  constructor(parts: StoreParts, committer: Committer) {
    this.#parts = parts;
    this.#committer = committer;
  }

  async apply(options: ApplySources): Promise<readonly LayerRow[]> {
    for (let tries = 0; ; tries++) {
      options.signal?.throwIfAborted();
      const turns = new Turns(this.#parts.tree.sideBySide);
      const lists = { steps: [], incoming: [], begun: [] };
      const attempt: Attempt = { ...lists, turns, disk: undefined, isShared: false };
      try {
        const trying = this.#try(options, attempt);
        this.#follow(trying.catch(() => undefined));
        return await trying;
      } catch (error) {
        // What another call was bringing may have failed with that call's own source: then by ours.
        if (!attempt.isShared || options.signal?.aborted || tries === MAX_SHARED_FAILURES) throw error;
      }
    }
  }

  async #try(options: ApplySources, attempt: Attempt): Promise<readonly LayerRow[]> {
    const { owner, signal } = options;
    const { steps, incoming } = attempt;
    using pins = new DisposableStack();
    const leave = (reason: unknown): readonly Incoming[] => {
      const left = incoming.splice(0);
      for (const step of left) step.leave(reason);
      return left;
    };
    let left: readonly Incoming[] = [];
    const onAbort = () => {
      left = leave(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort);
    try {
      await this.#parts.withStructure(() => this.#plan(options, { attempt, pins }));
      attempt.turns.close();
      const work = Promise.all(steps.map((step) => (step instanceof Incoming ? step.committed : step)));
      // Where the signal was aborted a moment ago nobody comes to wait for it.
      work.catch(() => undefined);
      const rows = await (signal === undefined ? work : orAbort(work, signal));
      if (owner !== undefined) await this.#own(steps.at(-1), rows.at(-1), owner);
      return rows;
    } catch (error) {
      attempt.turns.close();
      left = [...left, ...leave(error)];
      // Only once nothing of it is left on disk; what others wait for goes on.
      await Promise.all(left.filter((step) => step.users === 0).map((step) => step.ended));
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      leave(undefined);
      if (attempt.disk !== undefined) this.#follow(closeDisk(attempt));
    }
  }

  #follow(work: Promise<unknown>): void {
    this.#running.add(work);
    void work.then(() => this.#running.delete(work));
  }

  /** Resolves when nothing is on its way any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled([...this.#running]);
  }

  /** Runs alone with the structure: what it sees stays until `pins` are let go. */
  async #plan(
    { parent, layers, owner, signal }: ApplySources,
    { attempt, pins }: { readonly attempt: Attempt; readonly pins: DisposableStack },
  ): Promise<void> {
    let below: Step | undefined;
    if (parent !== undefined) {
      pins.use(this.#parts.layerPins.pin(parent));
      below = await this.#parts.needLayer(parent, 'build on');
    }
    this.#assertDepth((below?.depth ?? 0) + layers.length);
    for (const [at, source] of layers.entries()) {
      signal?.throwIfAborted();
      const chainID = chainAbove(below, source);
      if (chainID !== undefined) pins.use(this.#parts.layerPins.pin(chainID));
      below = await this.#find(chainID, { source, below, attempt });
      attempt.steps.push(below);
      if (!(below instanceof Incoming)) {
        source.onProgress?.({ state: 'exists' });
        continue;
      }
      below.join();
      attempt.incoming.push(below);
      below.progress.add(source.onProgress?.bind(source));
      if (owner !== undefined && at === layers.length - 1) below.owners.add(owner);
    }
  }

  async #find(
    chainID: ChainID | undefined,
    layer: { readonly source: LayerSource; readonly below: Step | undefined; readonly attempt: Attempt },
  ): Promise<Step> {
    const { source, below, attempt } = layer;
    if (chainID !== undefined) {
      const other = this.#inFlight.get(chainID);
      if (other !== undefined && !other.isStopped) {
        attempt.isShared = true;
        return other;
      }
      const row = await this.#parts.rows.layer(chainID);
      if (row !== undefined) return row;
    }
    attempt.disk ??= this.#parts.openDiskSync();
    const incoming: Incoming = new Incoming({
      parts: this.#parts,
      committer: this.#committer,
      source,
      disk: attempt.disk,
      below,
      chainID,
      onIdentified: (found) => this.#identify(found, incoming),
      takeTurn: (signal) => attempt.turns.take(incoming, { signal, weight: source.sizeBytes ?? 0 }),
    });
    attempt.turns.add(incoming);
    attempt.begun.push(incoming);
    if (chainID !== undefined) this.#inFlight.set(chainID, incoming);
    this.#follow(incoming.ended);
    void incoming.ended.then(() => {
      for (const [chain, other] of this.#inFlight) if (other === incoming) this.#inFlight.delete(chain);
    });
    return incoming;
  }

  /** A layer has found out its chainID: somebody else may have it, or be bringing it. */
  async #identify(chainID: ChainID, incoming: Incoming): Promise<LayerRow | undefined> {
    for (;;) {
      const found = await this.#parts.withStructure(async () => {
        const other = this.#inFlight.get(chainID);
        const row = other ?? (await this.#parts.rows.layer(chainID));
        if (row === undefined) this.#inFlight.set(chainID, incoming);
        return row;
      });
      if (!(found instanceof Incoming)) return found;
      // If it fails, this one takes its place.
      await found.ended;
    }
  }

  /** The layer was there, or became visible before this call joined it. */
  async #own(step: Step | undefined, row: LayerRow | undefined, owner: string): Promise<void> {
    if (row === undefined) return;
    if (step instanceof Incoming && step.ownersWritten.has(owner)) return;
    await this.#parts.rows.database.transaction((trx) => insertOwner(trx, row.chainID, owner));
  }

  #assertDepth(depth: number): void {
    // One more for the init layer of its containers.
    const { maxDepth } = this.#parts.driver.abilities;
    if (depth + 1 <= maxDepth) return;
    throw new StorageError(
      'TOO_MANY_LAYERS',
      `Cannot apply an image of ${depth} layers: the driver "${this.#parts.driver.name}" stacks ${maxDepth - 1}`,
      { hint: 'Build the image with fewer steps, or join its layers (docker export, docker import)' },
    );
  }
}

async function closeDisk({ begun, disk }: Attempt): Promise<void> {
  await Promise.all(begun.map(({ ended }) => ended));
  await disk?.[Symbol.asyncDispose]();
}

function chainAbove(below: Step | undefined, source: LayerSource): ChainID | undefined {
  if (source.diffID === undefined) return undefined;
  if (below === undefined) return chainOn(undefined, source.diffID);
  return below.chainID === undefined ? undefined : chainOn(below.chainID, source.diffID);
}
