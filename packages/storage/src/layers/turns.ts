import { Lane } from '../lane.ts';

/** A layer that is about to be filled. */
export interface Member {
  /** Its folder is there, or will not be. */
  readonly made: Promise<unknown>;
  /** It is made only when the one below is whole. */
  readonly waitsForParent: boolean;
}

/** How many layers further up to wait for, so that a larger one among them goes first; making one takes a few milliseconds. */
const LOOK_AHEAD = 8;

/**
 * The layers of one call take turns at the workers, the largest first: else a worker is left alone with a large one at the
 * end. Each call has its own, so that a second one does not wait for all layers of the first.
 */
export class Turns {
  readonly #lane: Lane;
  readonly #members: Member[] = [];
  readonly #planned = Promise.withResolvers<void>();

  constructor(limit: number) {
    this.#lane = new Lane(limit);
  }

  /** In the order of the layers, lowest first. */
  add(member: Member): void {
    this.#members.push(member);
  }

  /** No more are added. */
  close(): void {
    this.#planned.resolve();
  }

  /** Waits until it may be filled. Disposing what it gives, once or more often, lets the next one in. */
  async take(
    member: Member,
    options: { readonly signal: AbortSignal; readonly weight: number },
  ): Promise<Disposable> {
    await this.#planned.promise;
    await this.#madeAhead(member);
    let leave: (() => void) | undefined = await this.#lane.enter(options.signal, options.weight);
    return {
      [Symbol.dispose]: () => {
        leave?.();
        leave = undefined;
      },
    };
  }

  async #madeAhead(member: Member): Promise<void> {
    const from = this.#members.indexOf(member) + 1;
    const above = this.#members.slice(from, from + LOOK_AHEAD);
    const end = above.findIndex(({ waitsForParent }) => waitsForParent);
    const last = (end === -1 ? above : above.slice(0, end)).at(-1);
    await last?.made.catch(() => undefined);
  }
}
