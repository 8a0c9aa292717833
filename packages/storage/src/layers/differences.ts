import type { ChainID } from '@berth/oci';
import type { LayerForm } from '../drivers/interface.ts';
import { StorageError } from '../errors.ts';
import type { TreeDifference, TreeFolder, Unpacked } from '../tree/interface.ts';
import type { LayerApplier } from './apply-layers.ts';
import type { CallOptions, Change } from './interface.ts';
import type { StoreParts } from './parts.ts';
import type { ContainerRow, LayerRow } from './rows.ts';

/** Thrown where a commit finds an empty tar. */
const NOTHING = new StorageError('LAYER_REFUSED', 'The container changed nothing');

/** What a container changed over its image, init layer aside. */
export class Differences {
  readonly #parts: StoreParts;
  readonly #applier: LayerApplier;

  constructor(parts: StoreParts, applier: LayerApplier) {
    this.#parts = parts;
    this.#applier = applier;
  }

  async changes(row: ContainerRow, options: CallOptions): Promise<readonly Change[]> {
    await using opened = new AsyncDisposableStack();
    return await this.#parts.tree.changes(await this.#open(row, opened), options);
  }

  async *diff(row: ContainerRow, options: CallOptions): AsyncGenerator<Uint8Array> {
    await using opened = new AsyncDisposableStack();
    yield* this.#parts.tree.writeDiff(await this.#open(row, opened), options);
  }

  async commit(
    row: ContainerRow,
    { owner, signal }: CallOptions & { readonly owner?: string },
  ): Promise<LayerRow | undefined> {
    const source = {
      open: (options: CallOptions) => this.diff(row, options),
      accepts({ entries }: Unpacked) {
        if (entries === 0) throw NOTHING;
      },
    };
    try {
      const [layer] = await this.#applier.apply({
        layers: [source],
        ...(row.parent === undefined ? {} : { parent: row.parent }),
        ...(owner === undefined ? {} : { owner }),
        ...(signal === undefined ? {} : { signal }),
      });
      return layer;
    } catch (error) {
      if (error === NOTHING) return undefined;
      throw error;
    } finally {
      // A build commits step after step: the next one finds its two workers ready.
      this.#parts.tree.warm(2);
    }
  }

  /** Bytes of the files that were added or changed. */
  async size(row: ContainerRow, options: CallOptions): Promise<number> {
    if (this.#containerForm === 'changes') {
      using _pin = this.#parts.keyPins.pin(row.key);
      await using folder = await this.#parts.driver.open(row.key);
      return await this.#parts.tree.size(folder, options);
    }
    await using opened = new AsyncDisposableStack();
    return await this.#parts.tree.differenceSize(await this.#open(row, opened), options);
  }

  /** Folders and mounts that stay until `opened` is disposed. */
  async #open(row: ContainerRow, opened: AsyncDisposableStack): Promise<TreeDifference> {
    const { driver, keyPins, mounts } = this.#parts;
    opened.use(keyPins.pin(row.key));
    if (this.#containerForm === 'changes') {
      const changes = opened.use(await driver.open(row.key));
      const keys = [row.initKey, ...(await this.#stack(row.parent)).map(({ key }) => key)];
      const parents: TreeFolder[] = [];
      for (const key of keys) {
        const parent = opened.use(await driver.open(key));
        parents.push(parent);
        // It is all that lies below, too.
        if (parent.form === 'tree') break;
      }
      return { changes, parents };
    }
    const upper = opened.use(await mounts.borrow(row.key, { isReadonly: false })).path;
    const lower = opened.use(await mounts.borrow(row.initKey, { isReadonly: true })).path;
    return { upper, lower };
  }

  get #containerForm(): LayerForm['form'] {
    const { form, containerForm = form } = this.#parts.driver.abilities;
    return containerForm.form;
  }

  #stack(parent: ChainID | undefined): Promise<readonly LayerRow[]> {
    return this.#parts.rows.stack(parent);
  }
}
