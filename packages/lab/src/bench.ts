import type { ChainID } from '@berth/oci';
import type { LayerInput, LayerStore } from '@berth/storage';
import type { DiskMeter } from './disk-meter.ts';
import type { Figures, LabScale } from './interface.ts';

/** The root filesystem of a container that nothing runs in: what a storage driver gives to one. */
export interface MountedContainer extends AsyncDisposable {
  readonly name: string;
  readonly path: string;
}

/** It is made and takes its place, and is not mounted yet. */
export interface MadeContainer extends AsyncDisposable {
  readonly name: string;
  mount(): Promise<string>;
}

/** What an experiment measures, and why one of its figures is missing. */
export interface Outcome {
  readonly figures: Figures;
  readonly refused?: Readonly<Record<string, string>>;
}

/** Takes one group of figures of one driver, and takes away all that it made. */
export interface Experiment {
  readonly name: string;
  run(bench: LabBench): Promise<Outcome>;
}

/** What experiments share: one driver's layer store, and an image of one large and many small files. */
export class LabBench {
  readonly store: LayerStore;
  readonly meter: DiskMeter;
  readonly scale: LabScale;
  readonly signal: AbortSignal;
  #containers = 0;

  constructor(options: {
    readonly store: LayerStore;
    readonly meter: DiskMeter;
    readonly scale: LabScale;
    readonly signal: AbortSignal;
  }) {
    this.store = options.store;
    this.meter = options.meter;
    this.scale = options.scale;
    this.signal = options.signal;
  }

  /** Brings layers in, and lets them go at the end. */
  async image(
    name: string,
    layers: readonly LayerInput[],
  ): Promise<AsyncDisposable & { readonly top: ChainID; readonly ms: number }> {
    const startedAt = performance.now();
    const applied = await this.store.apply({ layers, owner: `lab:${name}`, signal: this.signal });
    const ms = performance.now() - startedAt;
    const top = applied.at(-1)?.chainID;
    if (top === undefined) throw new Error('An image of no layers cannot be measured');
    return {
      top,
      ms,
      [Symbol.asyncDispose]: async () => void (await this.store.removeOwner(`lab:${name}`)),
    };
  }

  async make(parent: ChainID): Promise<MadeContainer> {
    this.signal.throwIfAborted();
    this.#containers += 1;
    const name = `lab-${this.#containers}`;
    await this.store.createContainerLayer(name, { parent });
    return {
      name,
      mount: () => this.store.mount(name),
      [Symbol.asyncDispose]: () => this.store.removeContainerLayer(name),
    };
  }

  async container(parent: ChainID): Promise<MountedContainer & { readonly startMs: number }> {
    await using stack = new AsyncDisposableStack();
    const startedAt = performance.now();
    const made = stack.use(await this.make(parent));
    const path = await made.mount();
    const startMs = performance.now() - startedAt;
    const owned = stack.move();
    return { name: made.name, path, startMs, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  }

  /** So many of one image; all of them go with the stack. */
  async containers(
    parent: ChainID,
    count: number,
    stack: AsyncDisposableStack,
  ): Promise<readonly MountedContainer[]> {
    const made: MountedContainer[] = [];
    for (let at = 0; at < count; at++) made.push(stack.use(await this.container(parent)));
    return made;
  }
}

export async function timed(work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
