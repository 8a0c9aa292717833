import type { ImageID } from '@berth/oci';
import type { ImagesDeps } from './deps.ts';
import { KeyedLock } from './keyed-lock.ts';

/** Who owns layers of an image, in the words of the layer store. */
export function ownerOf(id: ImageID): string {
  return `image:${id}`;
}

/** Whole layers of a pull that nobody went on with for so long are given up. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

export interface LayerHold extends AsyncDisposable {
  /** What came so far may be gone on with: layers that are whole and nobody's stay for some days. */
  keep(): void;
}

/**
 * Keeps layers and images in step, which live in two databases.
 *
 * Whoever brings an image in holds it: a row says that its owner may have layers without there being an image. When
 * the last hold of an image ends and there is still no image, the owner gives its layers up; so does the start of
 * the engine for what a crash left. Removing an image goes the same way round: one transaction takes the image and
 * leaves the row, then the layers go, then the row.
 */
export class LayerHolds {
  readonly #deps: ImagesDeps;
  readonly #lock = new KeyedLock();
  readonly #held = new Map<string, number>();

  constructor(deps: ImagesDeps) {
    this.#deps = deps;
  }

  /** Layers of owners that a crash left without an image, and what was kept for too long. */
  async sweep(): Promise<void> {
    const { db, layers } = this.#deps;
    const holds = await db.read.selectFrom('layer_holds').selectAll().execute();
    const tooOld = db.now().getTime() - KEPT_MS;
    for (const { owner, since } of holds) {
      const isKept = owner.startsWith('image:') && since > tooOld;
      await this.#lock.run(owner, () => this.#settle(owner, { isKept }));
    }
    if (holds.some(({ since }) => since <= tooOld)) await layers.sweep();
  }

  /** Gives up all that is kept for a next try. @returns bytes freed */
  async clear(): Promise<number> {
    const { db, layers } = this.#deps;
    for (const { owner } of await db.read.selectFrom('layer_holds').select('owner').execute()) {
      await this.#lock.run(owner, async () => {
        if (!this.#held.has(owner)) await this.#settle(owner);
      });
    }
    return (await layers.sweep()).bytes;
  }

  /** Until it is disposed, nobody takes the owner's layers away. */
  async hold(owner: string): Promise<LayerHold> {
    await this.#lock.run(owner, async () => {
      const count = this.#held.get(owner) ?? 0;
      if (count === 0) await this.#write(owner);
      this.#held.set(owner, count + 1);
    });
    let isOpen = true;
    let isKept = false;
    return {
      keep: () => {
        isKept = true;
      },
      [Symbol.asyncDispose]: async () => {
        if (!isOpen) return;
        isOpen = false;
        await this.#lock.run(owner, async () => {
          const count = (this.#held.get(owner) ?? 1) - 1;
          if (count > 0) this.#held.set(owner, count);
          else {
            this.#held.delete(owner);
            await this.#settle(owner, { isKept });
          }
        });
      },
    };
  }

  /**
   * Runs the transaction that removes an image, then lets its layers go, unless somebody is bringing it in again.
   *
   * @returns chainIDs of the layers that went, top first
   */
  async release(id: ImageID, removeRows: () => Promise<void>): Promise<readonly string[]> {
    const owner = ownerOf(id);
    return this.#lock.run(owner, async () => {
      await removeRows();
      return (this.#held.get(owner) ?? 0) > 0 ? [] : await this.#settle(owner);
    });
  }

  async #write(owner: string): Promise<void> {
    const { db } = this.#deps;
    const since = db.now().getTime();
    await db.transaction(async (trx) => {
      await trx
        .insertInto('layer_holds')
        .values({ owner, since })
        .onConflict((conflict) => conflict.column('owner').doUpdateSet({ since }))
        .execute();
    });
  }

  async #settle(
    owner: string,
    { isKept }: { readonly isKept: boolean } = { isKept: false },
  ): Promise<readonly string[]> {
    const { db, layers, onStep } = this.#deps;
    const isImage = await db.read
      .selectFrom('images')
      .select('id')
      .where('id', '=', owner.replace(/^image:/, ''))
      .executeTakeFirst();
    let removed: readonly string[] = [];
    if (isImage === undefined) {
      onStep?.('images.before-layers-removed');
      removed = (await layers.removeOwner(owner)).map(({ chainID }) => chainID);
      onStep?.('images.layers-removed');
      if (isKept) return removed;
    }
    await db.transaction(async (trx) => {
      await trx.deleteFrom('layer_holds').where('owner', '=', owner).execute();
    });
    return removed;
  }
}
