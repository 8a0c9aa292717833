import type { Digest } from '@berth/oci';
import type { CopyEvent, PutBlobResult } from '@berth/transfer';

/** What is known of one blob on its way. */
export interface LayerState {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly startedAtMs: number;
  readonly doneBytes: number;
  readonly result: PutBlobResult | undefined;
  /** Why it waits, while it waits. */
  readonly waiting: string | undefined;
}

/** All blobs of a copy, in the order they began. Pure: an event makes the next state. */
export class CopyState {
  readonly #layers = new Map<Digest, LayerState>();

  get layers(): readonly LayerState[] {
    return [...this.#layers.values()];
  }

  get active(): readonly LayerState[] {
    return this.layers.filter(({ result }) => result === undefined);
  }

  /** @returns the blob the event is about, after it */
  take(event: CopyEvent, nowMs: number): LayerState | undefined {
    if (event.type === 'resolved' || event.type === 'manifest.done') return undefined;
    if (event.type === 'blob.start') {
      const { digest, sizeBytes } = event;
      return this.#set({
        digest,
        sizeBytes,
        startedAtMs: nowMs,
        doneBytes: 0,
        result: undefined,
        waiting: undefined,
      });
    }
    const known = this.#layers.get(event.digest);
    if (known === undefined) return undefined;
    if (event.type === 'retry') return this.#set({ ...known, waiting: event.reason });
    if (event.type === 'blob.done') {
      return this.#set({ ...known, doneBytes: known.sizeBytes, result: event.result, waiting: undefined });
    }
    const { doneBytes } = event;
    return this.#set({ ...known, doneBytes, waiting: undefined });
  }

  #set(state: LayerState): LayerState {
    this.#layers.set(state.digest, state);
    return state;
  }
}

/** Bytes per second over the last few seconds, so that a slow minute does not hide a fast one. */
export class Speed {
  static readonly windowMs = 4000;
  readonly #samples: { readonly atMs: number; readonly bytes: number }[] = [];

  /** @returns bytes per second, 0 while there is nothing to measure */
  take(bytes: number, nowMs: number): number {
    const last = this.#samples.at(-1);
    // An upload that begins again further back starts the measure anew.
    if (last !== undefined && bytes < last.bytes) this.#samples.length = 0;
    this.#samples.push({ atMs: nowMs, bytes });
    while (this.#samples.length > 2 && nowMs - (this.#samples[0]?.atMs ?? nowMs) > Speed.windowMs)
      this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || nowMs <= first.atMs) return 0;
    return ((bytes - first.bytes) / (nowMs - first.atMs)) * 1000;
  }
}
