/**
 * The layer store: image layers under their chainID, container layers under a name, over one storage driver.
 *
 * Terms
 * - *chainID*: the digest of a stack of layers up to here (image-spec config.md#layer-chainid); one image layer each.
 * - *owner*: a text that says who needs a layer (`image:sha256:…`). A layer goes when it has no owner, no child and no
 *   container on it.
 * - *container layer*: the read-write layer of one container, under a name that the caller chose (its id). Between it
 *   and the image lies the *init layer*, made once per image: empty mount points (`/etc/hosts`, `/dev` …), which are
 *   never part of a diff.
 *
 * Invariants
 * - A chainID is visible only when diffID, size and all parents have been verified and its bytes are synced.
 * - Equal parent tree and equal final tree give the same diff, byte for byte, on every driver (canonical form of
 *   `writeTar`; an entry equal to its parent's in all attributes and content is dropped).
 * - `readTar` gives back the exact bytes that were applied: what diffID was taken over.
 * - The database (rows of layers, owners, container layers, intents) decides what exists. Every key is an intent before anything
 *   is made under it and again before it is removed: what a crash left is swept, by those rows, when the store is opened, and
 *   counted. What neither a row nor an intent knows is left for `check`: a lost database must not cost data.
 *
 * Example
 *
 *     await using store = await openLayerStore({ root: '/var/lib/berth/engine/storage' });
 *     const layers = await store.apply({
 *       layers: manifest.layers.map((layer, at) => ({ diffID: diffIDs[at], open: ({ signal }) => remote.blob(layer, { signal }) })),
 *       owner: `image:${imageID}`, signal,
 *     });
 *     await store.createContainerLayer(id, { parent: layers.at(-1)?.chainID });
 *     const rootfs = await store.mount(id);
 */
import type { DatabaseThread } from '@berth/db';
import type { ChainID, DiffID } from '@berth/oci';
import type { DriverAbilities, DriverEntry } from '../drivers/interface.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface ReadTarOptions extends CallOptions {
  /** `false`: whoever reads takes the digest in any case. Checksums of files and size are still verified. */
  readonly verifies?: boolean;
}

export interface LayerInfo {
  readonly chainID: ChainID;
  readonly diffID: DiffID;
  readonly parent: ChainID | undefined;
  /** Bytes of the files in it: what `docker history` and `images` add up. */
  readonly sizeBytes: number;
  /** Bytes of the uncompressed tar. */
  readonly tarSizeBytes: number;
  readonly createdAt: Date;
  /** Layers in the stack, this one included. */
  readonly depth: number;
}

export interface LayerInput {
  /** What the tar must have; a layer without is taken as it comes (`import`). */
  readonly diffID?: DiffID;
  /** How many bytes `open` gives, where that is known: of the layers of one call the largest are unpacked first. */
  readonly sizeBytes?: number;
  /** Bytes as they arrive, gzip, zstd or plain; opened only when they are needed, closed on failure. */
  open(options: CallOptions): AsyncIterable<Uint8Array>;
  /** Called at most ten times a second. `applying` counts bytes of the stream that was opened; once per state else. */
  onProgress?(progress: LayerProgress): void;
}

export type LayerProgress =
  /** It is there already: nothing is opened. */
  | { readonly state: 'exists' }
  | { readonly state: 'applying'; readonly doneBytes: number }
  /** Verified, waits for its parents. */
  | { readonly state: 'applied' }
  | { readonly state: 'committed' };

export interface ApplyOptions extends CallOptions {
  /** What the first layer lies on; without it the first is a base layer. */
  readonly parent?: ChainID;
  /** Lowest first. */
  readonly layers: readonly LayerInput[];
  /** Owns the top layer from the moment it is visible; `undefined`: the caller takes it with `addOwner` before long. */
  readonly owner?: string;
}

export type ChangeKind = 'modified' | 'added' | 'deleted';

export interface Change {
  readonly kind: ChangeKind;
  /** Absolute, from the root of the container. */
  readonly path: string;
}

export interface ContainerLayerInfo {
  readonly name: string;
  readonly parent: ChainID | undefined;
  readonly isMounted: boolean;
}

/** What was found and, with `repair`, mended. */
export interface StorageProblem {
  readonly problem:
    | 'layer-missing'
    | 'layer-incomplete'
    | 'layer-modified'
    | 'layer-orphaned'
    | 'layer-unlinked'
    | 'container-layer-missing'
    | 'database-damaged'
    | 'leftover';
  /** chainID, container layer or path on disk. */
  readonly subject: string;
  readonly detail: string;
  readonly isRepaired: boolean;
}

export interface StorageUsage {
  readonly layers: readonly (LayerInfo & {
    readonly diskBytes: number;
    readonly owners: readonly string[];
    readonly containers: readonly string[];
  })[];
  readonly containerLayers: readonly (ContainerLayerInfo & { readonly diskBytes: number })[];
  /** On disk and nobody's. */
  readonly leftoverBytes: number;
  /** Database, init layers, and the folders that hold all of it. With the others: all that lies below `root`. */
  readonly overheadBytes: number;
}

export interface LayerStore extends AsyncDisposable {
  readonly driverName: string;
  /** Why this driver: `set`, `found` (the data folder holds its layers), or `best` (it probed well). */
  readonly driverReason: string;
  readonly driverAbilities: DriverAbilities;
  /** As `docker info` shows it. */
  status(): Promise<readonly (readonly [string, string])[]>;

  /** So many layers are about to come: starts the workers that will unpack them, while the caller still asks for the first byte. */
  warm(layers: number): void;

  /** Cheap: one point read. */
  layer(chainID: ChainID): Promise<LayerInfo | undefined>;

  /**
   * Brings a stack of layers in: those that are there are skipped; the others are unpacked side by side by at most four
   * jailed workers while their bytes arrive (drivers of form `tree`: one after the other), and become visible lowest
   * first, each verified and synced. Two calls with the same layers share the work.
   *
   * After an abort or a failure: layers that were committed stay (ownerless ones are removed by `sweep`), nothing else.
   *
   * @returns one per input, in order
   * @throws {StorageError} `DIFF_ID_MISMATCH`, `LAYER_REFUSED` (hostile or broken entry, named), `TOO_MANY_LAYERS`, `DISK_FULL`, `LAYER_UNKNOWN` (parent)
   * @throws {OciError} `TAR_INVALID`, `COMPRESSION_INVALID`; whatever `open` throws
   */
  apply(options: ApplyOptions): Promise<readonly LayerInfo[]>;

  /**
   * The uncompressed tar of a layer, bit for bit: each file by its checksum, all by the diffID as it ends.
   * @throws `LAYER_UNKNOWN`, `LAYER_DAMAGED`
   */
  readTar(chainID: ChainID, options?: ReadTarOptions): AsyncIterable<Uint8Array>;

  /** @throws `LAYER_UNKNOWN` */
  addOwner(chainID: ChainID, owner: string): Promise<void>;
  /** Takes an owner away from all it owned, and removes the layers that nobody needs any more, top first. Idempotent. */
  removeOwner(owner: string, options?: CallOptions): Promise<readonly LayerInfo[]>;
  /** Everybody who owns a layer, each once: to be held against what the caller knows after a crash. */
  owners(): Promise<readonly string[]>;
  /** Removes layers without owner, child and container. For start-up and prune. */
  sweep(options?: CallOptions): Promise<{ readonly layers: readonly LayerInfo[]; readonly bytes: number }>;

  /** @throws `CONTAINER_LAYER_EXISTS`, `LAYER_UNKNOWN`, `DISK_FULL` */
  createContainerLayer(
    name: string,
    options: { readonly parent?: ChainID; readonly sizeLimitBytes?: number },
  ): Promise<void>;
  containerLayer(name: string): Promise<ContainerLayerInfo | undefined>;
  /** All of them, by name. */
  containerLayers(): Promise<readonly ContainerLayerInfo[]>;
  /** Mounts the root filesystem of a container; counted. Survives the end of this process. @returns its path */
  mount(name: string): Promise<string>;
  unmount(name: string): Promise<void>;
  /** Unmounts, also where busy elsewhere, and removes. Idempotent. */
  removeContainerLayer(name: string): Promise<void>;
  /** Sorted by path as `docker diff` prints it, changed parents included. */
  changes(name: string, options?: CallOptions): Promise<readonly Change[]>;
  /** What the container changed, as the canonical tar of a layer. May run while the container does; then it is what was read. */
  diff(name: string, options?: CallOptions): AsyncIterable<Uint8Array>;
  /** Makes an image layer on the container's parent from what it changed. @returns `undefined` when it changed nothing */
  commit(name: string, options?: CallOptions & { readonly owner?: string }): Promise<LayerInfo | undefined>;
  /** Bytes of what the container changed. Walks what it wrote. */
  containerSize(name: string, options?: CallOptions): Promise<number>;
  graphData(name: string): Promise<Readonly<Record<string, string>>>;
  imageGraphData(chainID: ChainID): Promise<Readonly<Record<string, string>>>;

  usage(options?: CallOptions): Promise<StorageUsage>;
  /** `deep` reads every file and recomputes every diffID. `repair` mends what can be mended without inventing bytes. */
  check(
    options?: CallOptions & { readonly deep?: boolean; readonly repair?: boolean },
  ): Promise<readonly StorageProblem[]>;
}

export interface OpenLayerStoreOptions {
  /** Made when missing, 0710. Holds `storage.db`, `tar-split/` and one folder per driver that was ever used. */
  readonly root: string;
  /** By setting; without it what `root` holds already, else the best that probes well. */
  readonly driver?: string;
  readonly driverOptions?: Readonly<Record<string, string>>;
  /** Unpack workers; default 4 at most, as many as cores. */
  readonly workers?: number;
  /** Of other databases too: a thread of its own costs about 10 MB. */
  readonly databaseThread?: DatabaseThread;
  /** The drivers to choose from; default: all of them. */
  readonly drivers?: readonly DriverEntry[];
  /** Called before each durable step, for crash tests. */
  readonly onStep?: (step: string) => void;
  /** What could not be done and will be tried again, or is left for `check`. */
  readonly onFault?: (error: unknown, what: string) => void;
  /** What the sweep at the start took away. */
  readonly onSwept?: (swept: { readonly layers: number; readonly bytes: number }) => void;
}
