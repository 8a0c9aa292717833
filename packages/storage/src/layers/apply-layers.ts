import type { ChainID } from '@berth/oci';
import { StorageError } from '../errors.ts';
import type { Committer } from './committer.ts';
import { chainOn, Incoming, type LayerSource, orAbort } from './incoming.ts';
import type { ApplyOptions } from './interface.ts';
import type { StoreParts } from './parts.ts';
import { insertOwner, type LayerRow } from './rows.ts';

type Step = LayerRow | Incoming;

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

  async apply(
    options: Omit<ApplyOptions, 'layers'> & { readonly layers: readonly LayerSource[] },
  ): Promise<readonly LayerRow[]> {
    const { owner, signal } = options;
    signal?.throwIfAborted();
    using pins = new DisposableStack();
    const steps: Step[] = [];
    const incoming: Incoming[] = [];
    const leave = (reason: unknown) => {
      for (const step of incoming.splice(0)) step.leave(reason);
    };
    try {
      await this.#parts.withStructure(async () => {
        for await (const step of this.#plan(options, pins)) {
          steps.push(step);
          if (step instanceof Incoming) incoming.push(step);
        }
      });
      const work = Promise.all(steps.map((step) => (step instanceof Incoming ? step.committed : step)));
      const rows = await (signal === undefined ? work : orAbort(work, signal));
      if (owner !== undefined) await this.#own(steps.at(-1), rows.at(-1), owner);
      return rows;
    } catch (error) {
      const stopped = [...incoming];
      leave(error);
      // Only once nothing of it is left on disk; what others wait for goes on.
      await Promise.all(stopped.filter((step) => step.users === 0).map((step) => step.ended));
      throw error;
    } finally {
      leave(undefined);
    }
  }

  /** Resolves when nothing is on its way any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled([...this.#running]);
  }

  /** Runs alone with the structure: what it sees stays until `pins` are let go. */
  async *#plan(
    { parent, layers, owner }: Omit<ApplyOptions, 'layers'> & { readonly layers: readonly LayerSource[] },
    pins: DisposableStack,
  ): AsyncGenerator<Step> {
    let below: Step | undefined;
    if (parent !== undefined) {
      pins.use(this.#parts.layerPins.pin(parent));
      below = await this.#parts.needLayer(parent, 'build on');
    }
    this.#assertDepth((below?.depth ?? 0) + layers.length);
    for (const [at, source] of layers.entries()) {
      const chainID = chainAbove(below, source);
      if (chainID !== undefined) pins.use(this.#parts.layerPins.pin(chainID));
      below = await this.#find(chainID, source, below);
      if (below instanceof Incoming) {
        below.join();
        below.progress.add(source.onProgress?.bind(source));
        if (owner !== undefined && at === layers.length - 1) below.owners.add(owner);
      } else {
        source.onProgress?.({ state: 'exists' });
      }
      yield below;
    }
  }

  async #find(chainID: ChainID | undefined, source: LayerSource, below: Step | undefined): Promise<Step> {
    if (chainID !== undefined) {
      const other = this.#inFlight.get(chainID);
      if (other !== undefined && !other.isStopped) return other;
      const row = await this.#parts.rows.layer(chainID);
      if (row !== undefined) return row;
    }
    const incoming: Incoming = new Incoming({
      parts: this.#parts,
      committer: this.#committer,
      source,
      below,
      chainID,
      onIdentified: (found) => this.#identify(found, incoming),
    });
    if (chainID !== undefined) this.#inFlight.set(chainID, incoming);
    this.#running.add(incoming.ended);
    void incoming.ended.then(() => {
      this.#running.delete(incoming.ended);
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

function chainAbove(below: Step | undefined, source: LayerSource): ChainID | undefined {
  if (source.diffID === undefined) return undefined;
  if (below === undefined) return chainOn(undefined, source.diffID);
  return below.chainID === undefined ? undefined : chainOn(below.chainID, source.diffID);
}
