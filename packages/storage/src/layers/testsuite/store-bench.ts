import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ChainID, DiffID } from '@berth/oci';
import { digestBytes } from '@berth/oci';
import type { DriverEntry, StorageDriver } from '../../drivers/interface.ts';
import { bytesOf, type TreeSpec, tarOf } from '../../testing/layer-tars.ts';
import { keysOnDisk } from '../../testing/on-disk.ts';
import { Scratch } from '../../testing/scratch.ts';
import { ANY_PLACE, type SuitePlace } from '../../testing/suite-place.ts';
import { listTree } from '../../testing/tree-listing.ts';
import type { LayerInfo, LayerInput, LayerStore, OpenLayerStoreOptions } from '../interface.ts';
import { openLayerStore } from '../open-layer-store.ts';

/** A layer store in a folder of its own, and the short ways in which the cases use it. */
export class StoreUnderTest {
  readonly scratch: Scratch;
  readonly root: string;
  readonly driverName: string;
  store: LayerStore;
  onStep: (step: string) => void = () => {};
  readonly #open: (options?: Partial<OpenLayerStoreOptions>) => Promise<LayerStore>;
  readonly #driver: () => StorageDriver;

  constructor(given: {
    readonly scratch: Scratch;
    readonly root: string;
    readonly driverName: string;
    readonly store: LayerStore;
    readonly open: (options?: Partial<OpenLayerStoreOptions>) => Promise<LayerStore>;
    readonly driver: () => StorageDriver;
  }) {
    this.scratch = given.scratch;
    this.root = given.root;
    this.driverName = given.driverName;
    this.store = given.store;
    this.#open = given.open;
    this.#driver = given.driver;
  }

  /** That of `store`, for looking behind its back. */
  get driver(): StorageDriver {
    return this.#driver();
  }

  get home(): string {
    return join(this.root, this.driverName);
  }

  async reopen(options: Partial<OpenLayerStoreOptions> = {}): Promise<void> {
    await this.store[Symbol.asyncDispose]();
    this.store = await this.#open(options);
  }

  /** Brings an image in, with an owner of its own unless told. @returns its layers, lowest first */
  async image(specs: readonly TreeSpec[], owner?: string): Promise<readonly LayerInfo[]> {
    const tars = await Promise.all(specs.map(tarOf));
    return await this.store.apply({
      layers: tars.map((tar) => inputOf(tar)),
      ...(owner === undefined ? {} : { owner }),
    });
  }

  /** An image and a container on it, mounted. @returns its root */
  async container(name: string, specs: readonly TreeSpec[]): Promise<string> {
    const layers = await this.image(specs, `image:${name}`);
    return await this.containerOn(name, layers.at(-1)?.chainID);
  }

  async containerOn(name: string, parent: ChainID | undefined): Promise<string> {
    await this.store.createContainerLayer(name, parent === undefined ? {} : { parent });
    return await this.store.mount(name);
  }

  async removeContainer(name: string): Promise<void> {
    await this.store.removeContainerLayer(name);
  }

  /** Mounts a fresh container on the layer and lists what it sees, what the init layer has made aside. */
  async list(parent: ChainID, options: { readonly withTimes?: boolean } = {}): Promise<readonly string[]> {
    const name = `look-${Math.random()}`;
    const root = await this.containerOn(name, parent);
    try {
      return listTree(root, options).filter((line) => !isOfInit(line));
    } finally {
      await this.removeContainer(name);
    }
  }

  /** What lies on disk: keys of the driver, its garbage, files of tar-split. */
  async onDisk(): Promise<{ readonly keys: number; readonly garbage: number; readonly tarSplits: number }> {
    const [garbage, tarSplits] = await Promise.all(
      [join(this.home, 'garbage'), join(this.root, 'tar-split')].map((path) => readdir(path)),
    );
    return {
      keys: keysOnDisk(this.home).length,
      garbage: garbage?.length ?? 0,
      tarSplits: tarSplits?.length ?? 0,
    };
  }

  async assertClean(options: { readonly deep?: boolean } = { deep: true }): Promise<void> {
    assert.deepEqual(await this.store.check(options), []);
  }
}

/** `"proc"`, `"etc/hosts"` …: empty, of root, and not of the image. */
const INIT_PATHS =
  /^"(proc|sys|dev|dev\/pts|dev\/shm|dev\/console|etc\/hosts|etc\/hostname|etc\/resolv\.conf|etc\/mtab|\.dockerenv)" /;

export function isOfInit(line: string): boolean {
  return INIT_PATHS.test(line);
}

export function inputOf(tar: Uint8Array, options: Partial<LayerInput> = {}): LayerInput {
  return { diffID: diffIDOf(tar), open: () => bytesOf(tar), ...options };
}

export function diffIDOf(tar: Uint8Array): DiffID {
  return digestBytes(tar) as DiffID;
}

export async function readAll(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

export class StoreBench {
  readonly entry: DriverEntry;
  readonly place: SuitePlace;
  readonly #only: (name: string) => boolean;
  readonly driverOptions: Readonly<Record<string, string>>;

  constructor(options: {
    readonly entry: DriverEntry;
    readonly driverOptions?: Readonly<Record<string, string>>;
    readonly place?: SuitePlace | undefined;
    readonly only?: ((name: string) => boolean) | undefined;
  }) {
    this.#only = options.only ?? (() => true);
    this.entry = options.entry;
    this.place = options.place ?? ANY_PLACE;
    this.driverOptions = options.driverOptions ?? {};
  }

  /** A case with a fresh store. Fails when something stays mounted; prints the tree on disk when it fails. */
  test(name: string, run: (given: StoreUnderTest, context: TestContext) => Promise<void>): void {
    if (!this.#only(name)) return;
    test(name, async (context) => {
      await using scratch = await Scratch.make(this.place);
      const root = join(scratch.path, 'made', 'storage');
      let onStep: (step: string) => void = () => {};
      const { entry } = this;
      let driver: StorageDriver | undefined;
      const seen: DriverEntry = {
        ...entry,
        open: async (options) => {
          driver = await entry.open(options);
          return driver;
        },
      };
      const open = (options: Partial<OpenLayerStoreOptions> = {}) =>
        openLayerStore({
          root,
          driver: entry.name,
          drivers: [seen],
          driverOptions: this.driverOptions,
          onStep: (step) => onStep(step),
          ...options,
        });
      const given = new StoreUnderTest({
        scratch,
        root,
        driverName: entry.name,
        store: await open(),
        open,
        driver: () => {
          if (driver === undefined) throw new Error('No driver was opened');
          return driver;
        },
      });
      onStep = (step) => given.onStep(step);
      try {
        await run(given, context);
      } catch (error) {
        const lines = listTree(root).filter((line) => !/^"[^"]*\/merged\//.test(line));
        for (const line of lines.slice(0, 100)) context.diagnostic(line);
        throw error;
      } finally {
        await given.store[Symbol.asyncDispose]();
      }
    });
  }
}
