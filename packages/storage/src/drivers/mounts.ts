import type { LayerKey, StorageDriver } from './interface.ts';
import { KeyedLock } from './keyed-lock.ts';

interface Mounted {
  users: number;
  /** Known once a user of this process has asked for it. */
  path: string | undefined;
  /** Somebody whom this process does not know uses it: a container that was started by an earlier one. */
  isAdopted: boolean;
}

/** A mount for as long as one looks at it. */
export type BorrowedMount = AsyncDisposable & { readonly path: string };

/**
 * Counts the users of each mount, so that a driver mounts once and unmounts after the last. Mounts survive the process:
 * those of an earlier one are known without a user, taken over by the first `mount`, and taken away by any `unmount`.
 */
export class MountTable {
  readonly #driver: StorageDriver;
  readonly #mounted = new Map<LayerKey, Mounted>();
  readonly #lock = new KeyedLock<LayerKey>();

  private constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  static async open(driver: StorageDriver): Promise<MountTable> {
    const table = new MountTable(driver);
    for (const key of await driver.mounted()) {
      table.#mounted.set(key, { users: 0, path: undefined, isAdopted: true });
    }
    return table;
  }

  /** Of layers that an earlier process has mounted and nobody in this one has asked for. */
  get adopted(): readonly LayerKey[] {
    return [...this.#mounted].filter(([, { isAdopted }]) => isAdopted).map(([key]) => key);
  }

  isMounted(key: LayerKey): boolean {
    return this.#mounted.has(key);
  }

  users(key: LayerKey): number {
    return this.#mounted.get(key)?.users ?? 0;
  }

  /** @throws {StorageError} as the driver; nothing is counted then */
  mount(key: LayerKey, options: { readonly isReadonly: boolean }): Promise<string> {
    return this.#lock.run(key, async () => {
      const mounted = await this.#use(key, options);
      mounted.isAdopted = false;
      return mounted.path;
    });
  }

  /** Like `mount`, but what an earlier process has mounted is left as it was found. */
  async borrow(key: LayerKey, options: { readonly isReadonly: boolean }): Promise<BorrowedMount> {
    const { path } = await this.#lock.run(key, () => this.#use(key, options));
    return {
      path,
      [Symbol.asyncDispose]: () =>
        this.#lock.run(key, async () => {
          const known = this.#mounted.get(key);
          if (known === undefined) return;
          if (known.users > 1 || known.isAdopted) known.users--;
          else await this.#release(key);
        }),
    };
  }

  /** One user less. With none left, or none known, it is unmounted; as often as one likes. */
  unmount(key: LayerKey): Promise<void> {
    return this.#lock.run(key, async () => {
      const known = this.#mounted.get(key);
      if (known !== undefined && known.users > 1) known.users--;
      else await this.#release(key);
    });
  }

  /** Unmounts whatever its users say, then does `work` while nobody can mount it again. */
  async releaseFor(key: LayerKey, work: () => Promise<void>): Promise<void> {
    await this.#lock.run(key, async () => {
      await this.#release(key);
      await work();
    });
  }

  async #use(
    key: LayerKey,
    options: { readonly isReadonly: boolean },
  ): Promise<Mounted & { readonly path: string }> {
    const known = this.#mounted.get(key) ?? { users: 0, path: undefined, isAdopted: false };
    const path = known.path ?? (await this.#driver.mount(key, options));
    const mounted = Object.assign(known, { path, users: known.users + 1 });
    this.#mounted.set(key, mounted);
    return mounted;
  }

  async #release(key: LayerKey): Promise<void> {
    await this.#driver.unmount(key);
    this.#mounted.delete(key);
  }
}
