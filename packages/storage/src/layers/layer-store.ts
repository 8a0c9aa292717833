import type { ChainID } from '@berth/oci';
import type { DriverAbilities } from '../drivers/interface.ts';
import { StorageError } from '../errors.ts';
import { LayerApplier } from './apply-layers.ts';
import { checkStore } from './check/check-store.ts';
import { Committer } from './committer.ts';
import { ContainerLayers } from './container-layers.ts';
import { Differences } from './differences.ts';
import { ImageLayers } from './image-layers.ts';
import { InitLayers } from './init-layers.ts';
import type {
  ApplyOptions,
  CallOptions,
  Change,
  ContainerLayerInfo,
  LayerInfo,
  LayerStore,
  ReadTarOptions,
  StorageProblem,
  StorageUsage,
} from './interface.ts';
import { assertName } from './names.ts';
import type { StoreParts } from './parts.ts';
import { Removals } from './removals.ts';
import { toInfo } from './rows.ts';
import { measureStore } from './usage.ts';

/** The layer store over one driver: who does what. */
export class FolderLayerStore implements LayerStore {
  readonly driverName: string;
  readonly driverReason: string;
  readonly driverAbilities: DriverAbilities;
  readonly #parts: StoreParts;
  readonly #resources: AsyncDisposableStack;
  readonly #applier: LayerApplier;
  readonly #images: ImageLayers;
  readonly #inits: InitLayers;
  readonly #containers: ContainerLayers;
  readonly #differences: Differences;
  readonly #removals: Removals;
  #closing: Promise<void> | undefined;

  constructor(options: {
    readonly parts: StoreParts;
    readonly reason: string;
    readonly resources: AsyncDisposableStack;
  }) {
    const { parts } = options;
    this.driverName = parts.driver.name;
    this.driverReason = options.reason;
    this.driverAbilities = parts.driver.abilities;
    this.#parts = parts;
    this.#resources = options.resources;
    this.#removals = new Removals(parts);
    this.#applier = new LayerApplier(parts, new Committer(parts));
    this.#images = new ImageLayers(parts, this.#removals);
    this.#inits = new InitLayers(parts);
    this.#containers = new ContainerLayers(parts, { inits: this.#inits, removals: this.#removals });
    this.#differences = new Differences(parts, this.#applier);
  }

  status() {
    return this.#parts.driver.status();
  }

  warm(layers: number): void {
    this.#assertOpen();
    this.#parts.tree.warm(layers);
  }

  async layer(chainID: ChainID): Promise<LayerInfo | undefined> {
    this.#assertOpen();
    const row = await this.#parts.rows.layer(chainID);
    return row === undefined ? undefined : toInfo(row);
  }

  async apply(options: ApplyOptions): Promise<readonly LayerInfo[]> {
    this.#assertOpen();
    if (options.owner !== undefined) assertName(options.owner, 'owner');
    return (await this.#applier.apply(options)).map(toInfo);
  }

  readTar(chainID: ChainID, options: ReadTarOptions = {}): AsyncIterable<Uint8Array> {
    this.#assertOpen();
    return this.#images.readTar(chainID, options);
  }

  async addOwner(chainID: ChainID, owner: string): Promise<void> {
    this.#assertOpen();
    assertName(owner, 'owner');
    await this.#images.addOwner(chainID, owner);
  }

  async owners(): Promise<readonly string[]> {
    this.#assertOpen();
    return await this.#parts.rows.ownerNames();
  }

  async removeOwner(owner: string): Promise<readonly LayerInfo[]> {
    this.#assertOpen();
    return await this.#images.removeOwner(owner);
  }

  async sweep(options: CallOptions = {}) {
    this.#assertOpen();
    return await this.#images.sweep(options);
  }

  async createContainerLayer(
    name: string,
    options: { readonly parent?: ChainID; readonly sizeLimitBytes?: number },
  ): Promise<void> {
    this.#assertOpen();
    assertName(name, 'container layer');
    await this.#containers.create(name, options);
  }

  async containerLayer(name: string): Promise<ContainerLayerInfo | undefined> {
    this.#assertOpen();
    return await this.#containers.info(name);
  }

  async containerLayers(): Promise<readonly ContainerLayerInfo[]> {
    this.#assertOpen();
    return await this.#containers.all();
  }

  async mount(name: string): Promise<string> {
    this.#assertOpen();
    return await this.#containers.mount(name);
  }

  async unmount(name: string): Promise<void> {
    this.#assertOpen();
    await this.#containers.unmount(name);
  }

  async removeContainerLayer(name: string): Promise<void> {
    this.#assertOpen();
    await this.#containers.remove(name);
  }

  async changes(name: string, options: CallOptions = {}): Promise<readonly Change[]> {
    this.#assertOpen();
    return await this.#differences.changes(await this.#containers.need(name, 'look at'), options);
  }

  async *diff(name: string, options: CallOptions = {}): AsyncIterable<Uint8Array> {
    this.#assertOpen();
    yield* this.#differences.diff(await this.#containers.need(name, 'read'), options);
  }

  async commit(
    name: string,
    options: CallOptions & { readonly owner?: string } = {},
  ): Promise<LayerInfo | undefined> {
    this.#assertOpen();
    if (options.owner !== undefined) assertName(options.owner, 'owner');
    const row = await this.#differences.commit(await this.#containers.need(name, 'commit'), options);
    return row === undefined ? undefined : toInfo(row);
  }

  async containerSize(name: string, options: CallOptions = {}): Promise<number> {
    this.#assertOpen();
    return await this.#differences.size(await this.#containers.need(name, 'measure'), options);
  }

  async graphData(name: string): Promise<Readonly<Record<string, string>>> {
    this.#assertOpen();
    return await this.#parts.driver.metadata((await this.#containers.need(name, 'describe')).key);
  }

  async imageGraphData(chainID: ChainID): Promise<Readonly<Record<string, string>>> {
    this.#assertOpen();
    return await this.#parts.driver.metadata((await this.#parts.needLayer(chainID, 'describe')).key);
  }

  async usage(options: CallOptions = {}): Promise<StorageUsage> {
    this.#assertOpen();
    return await measureStore(this.#parts, options);
  }

  async check(
    options: CallOptions & { readonly deep?: boolean; readonly repair?: boolean } = {},
  ): Promise<readonly StorageProblem[]> {
    this.#assertOpen();
    return await checkStore({ parts: this.#parts, images: this.#images, inits: this.#inits, options });
  }

  /** Waits for what is on its way; mounts stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= (async () => {
      await this.#applier.settled();
      await this.#removals.settled();
      await this.#parts.keys.close();
      await this.#resources.disposeAsync();
    })();
    await this.#closing;
  }

  #assertOpen(): void {
    if (this.#closing === undefined) return;
    throw new StorageError('STORE_CLOSED', 'Cannot use the layer store: it is closed');
  }
}
