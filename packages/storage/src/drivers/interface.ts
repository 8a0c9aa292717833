/**
 * The contract of a storage driver: how a layer lies on disk, and how a stack of layers becomes one root filesystem.
 *
 * Terms
 * - *layer*: one step of a root filesystem under an id that the layer store chose (`LayerKey`: 26 characters of
 *   `a-z2-7`, or with a `-init` suffix). A driver knows no digests, no images, no containers and no database.
 * - *parent*: the layer below. A base layer has none. A parent never changes and goes only after its children.
 * - *image layer*: filled once through `open`, then never again. *Container layer*: mounted writable, changed at will.
 * - *form*: what lies in the folder of a layer. `changes`: only what differs from the parent, with whiteouts in the
 *   notation `whiteouts`; such a layer can be filled before its parent is there and be read without mounting.
 *   `tree`: the whole root filesystem.
 *
 * Life cycle
 *
 *     create ──▶ open … close ──▶ (image layer: whole)       mount ──▶ a path ──▶ unmount
 *       │                                                       ▲                    │
 *       └──────────────────────────────────────────────────────┴──▶ remove ◀────────┘
 *
 * Nothing of a driver is visible to a user before the layer store has written the row of the layer; what a crash
 * leaves behind is named by `list` and taken away by `remove`. So every method must leave something that `remove`
 * can take away, and `create` may be killed at any point. The layer store calls at most one of create, open and
 * remove at a time for one key; `mount` and `unmount` are counted by the shared mount table (mounts.ts), so that a
 * driver sees one mount and one unmount however many users a layer has.
 *
 * A new driver is a folder: `driver.ts` (this interface), `probe.ts`, `entry.ts` (a `DriverEntry`), `driver.test.ts` (the call of
 * `driverSuite`); an import and a name in `drivers/registry.ts`; `layers/layer-store.<name>.test.ts` (the calls of `layerStoreSuite`,
 * `randomSuite` and `crashSuite`), or all of these in `tests/storage/<name>.test.ts` where it needs a file system of its own. What drivers
 * share lies beside them: `home.ts` (the folders of layers, their removal, refusals), `parent-links.ts` (who is below whom),
 * `can-mount.ts` (what a probe asks first, a place to try things in), `mount-point.ts`, `times.ts` (for `usage`, where
 * layers share blocks), `disk/` (copies, links, removes and measures trees; `asDiskFull`).
 */

import type { DiskWork } from './disk/interface.ts';

export type LayerKey = string & { readonly __brand: 'LayerKey' };

/** Which notation whiteouts have in a folder of the form `changes`. */
export type WhiteoutNotation =
  /** Character device 0/0; xattr `trusted.overlay.opaque` = `y`. */
  | 'overlay'
  /** Files `.wh.<name>`; `.wh..wh..opq`. */
  | 'aufs';

export type LayerForm =
  | { readonly form: 'changes'; readonly whiteouts: WhiteoutNotation }
  | { readonly form: 'tree' };

/** The folder of one layer, for filling and for reading without the stack. Close it before anything else is asked. */
export type OpenLayer = AsyncDisposable & LayerForm & { readonly path: string };

export interface CreateOptions {
  readonly parent?: LayerKey;
  /** A container layer is made to be mounted writable. */
  readonly isWritable: boolean;
  /** Bytes that a container layer may hold, for drivers with the ability `limitsSize`. */
  readonly sizeLimitBytes?: number;
}

export interface DriverAbilities {
  /** `changes`: unpacked in any order and diffed from its own folder; `tree`: needs its parent whole first. */
  readonly form: LayerForm;
  /**
   * Of container and init layers with a parent, where it is another one than `form`: one of changes can be diffed without
   * mounting it, over the nearest tree below.
   */
  readonly containerForm?: LayerForm;
  readonly limitsSize: boolean;
  /** The smallest limit that it can keep, where it cannot keep any. */
  readonly leastSizeLimitBytes?: number;
  /** Layers share blocks of what are several files to `du`: the bytes of all layers are less than it counts. */
  readonly sharesBlocks?: boolean;
  /**
   * A program keeps its mounts up (FUSE), and does so less well than a kernel: a directory that is copied up may lose its setgid bit, hard
   * links may part, and who has a file of a removed layer open may not read on.
   */
  readonly mountsByProgram?: boolean;
  /**
   * How many layers one mount can stack; the layer store refuses deeper images with `TOO_MANY_LAYERS`. `Number.MAX_SAFE_INTEGER` where
   * nothing is stacked.
   */
  readonly maxDepth: number;
}

/** One thing that is not as it should be; `repair` is what `repairLayer` would do. */
export interface DriverProblem {
  readonly key: LayerKey;
  readonly problem: 'missing' | 'incomplete' | 'unlinked' | 'foreign';
  readonly detail: string;
  readonly isRepairable: boolean;
}

export interface StorageDriver extends AsyncDisposable {
  readonly name: string;
  readonly abilities: DriverAbilities;

  /** Ordered pairs as `docker info` shows them below "Storage Driver". */
  status(): Promise<readonly (readonly [key: string, value: string])[]>;

  /**
   * Makes a layer: empty on top of its parent (`changes`) or equal to it (`tree`). The root folder of one that is writable has
   * owner, mode, attributes and times of its parent's; where there is no parent it is 0755, 0:0.
   * Not synced; the layer store syncs before it writes its row. What the kernel says of a full disk becomes `DISK_FULL`, by
   * `DriverHome.makeLayer` or `asDiskFull`.
   *
   * @throws {StorageError} `LAYER_EXISTS`, `LAYER_UNKNOWN` (the parent), `DISK_FULL`, `SIZE_LIMIT_UNSUPPORTED`
   */
  create(key: LayerKey, options: CreateOptions): Promise<void>;

  /** The layer's own folder. @throws {StorageError} `LAYER_UNKNOWN` */
  open(key: LayerKey): Promise<OpenLayer>;

  /**
   * The root filesystem of the layer and all below it, as a path. Container layers writable, image layers read-only
   * as far as the driver can tell. Idempotent after a crash: a mount that is there already is taken over.
   */
  mount(key: LayerKey, options: { readonly isReadonly: boolean }): Promise<string>;

  /** Idempotent; also where it is busy in another mount namespace (it is detached then). */
  unmount(key: LayerKey): Promise<void>;

  /**
   * Takes away all of a layer, whole or half-made; nothing there is fine. Renamed first, so that what remains of a kill is only garbage.
   * Where the layer is a folder and something is mounted inside of it, it stays.
   *
   * @throws {StorageError} `LAYER_BUSY`
   */
  remove(key: LayerKey): Promise<void>;

  /**
   * Makes what was filled since `open` durable, after the layer store called syncfs(2) on the folder of the driver, once for a group of
   * layers. For drivers whose layers lie on file systems of their own.
   */
  sync?(keys: readonly LayerKey[]): Promise<void>;

  /**
   * The keys that are mounted now, by whomever: an earlier process, for instance. Asked once, when the store is opened. Where `mount`
   * gives a folder as it lies there, none is, and `unmount` does nothing.
   */
  mounted(): Promise<ReadonlySet<LayerKey>>;

  /** Every key that lies on disk, whole or half-made, and what is left of half-removed ones under `garbage`. */
  list(): Promise<{ readonly keys: ReadonlySet<LayerKey>; readonly garbage: readonly string[] }>;

  /** Removes what `list` gave as garbage. @returns bytes freed */
  sweepGarbage(): Promise<number>;

  /** What `docker inspect` shows as `GraphDriver.Data`. */
  metadata(key: LayerKey): Promise<Readonly<Record<string, string>>>;

  /**
   * Bytes of disk that the layer takes beyond its parent; what it has brought stays its own when children share it. Walks; for `df` and
   * `ps --size`.
   */
  usage(key: LayerKey, options?: { readonly signal?: AbortSignal }): Promise<number>;

  /**
   * Bytes of disk that the driver takes and no layer's `usage` has counted; asked after all of them. The folders that lie directly in
   * its home are counted by whoever asks, but not what is in them.
   */
  overheadBytes?(): Promise<number>;

  /**
   * Looks whether the layer is whole as the driver knows it (links, lower files, parents). Cheap: no walk over contents.
   * @param parents the nearest first
   */
  check(key: LayerKey, parents: readonly LayerKey[]): Promise<readonly DriverProblem[]>;
  repairLayer?(problem: DriverProblem, parents: readonly LayerKey[]): Promise<void>;
}

/** Why a driver does or does not work in a folder: cause, evidence and what to do. */
export type DriverProbe =
  | { readonly works: true; readonly evidence: string }
  | { readonly works: false; readonly cause: string; readonly evidence: string; readonly fix: string };

/** What an operator should know before choosing a driver: whole sentences are for `prefer` alone, the rest is short. */
export interface DriverSupport {
  /** What the kernel must have: `Linux 4.0 with overlayfs`. */
  readonly kernel: string;
  /** Whether kernels as kernel.org gives them have it. */
  readonly isInMainline: boolean;
  /** The first of these that had it; `undefined` where none has, or where nothing in particular is needed. */
  readonly mainlineSince?: string;
  /** Who has given it up, and when; `undefined`: it is kept up everywhere. */
  readonly deprecated?: string;
  /** What to use, and what this driver is for. */
  readonly prefer: string;
}

/** What stands in `drivers/registry.ts` for each driver: `entry.ts` in its folder. */
export interface DriverEntry {
  readonly name: string;
  /** Lower is preferred when nothing else decides. */
  readonly preference: number;
  readonly summary: string;
  readonly support: DriverSupport;
  /** Tries it for real inside `home` (which exists) and leaves nothing there. Missing capabilities are told first (`can-mount.ts`). */
  probe(home: string): Promise<DriverProbe>;
  /** Whether the folder, which may be missing, has layers of this driver. Opens nothing, changes nothing. */
  holdsLayers(home: string): Promise<boolean>;
  /** @throws {StorageError} `DRIVER_UNSUPPORTED` with the probe's words, `DRIVER_OPTION_INVALID` */
  open(options: OpenDriverOptions): Promise<StorageDriver>;
}

export interface OpenDriverOptions {
  /** The driver's own folder; made 0710 when it is missing. */
  readonly home: string;
  /** `<driver>.<option>` and values, as given by settings; unknown ones are refused. */
  readonly options: Readonly<Record<string, string>>;
  /** Copying, removing and measuring of whole trees, off this thread. Belongs to the caller. */
  readonly disk: DiskWork;
  /** Called before each step that leaves something else behind, for crash tests: `<driver>.<step>`; `create` and `remove` have two at least. */
  readonly onStep?: (step: string) => void;
  /** What could not be done and will be tried again, where it is not the caller's affair. */
  readonly onFault?: (error: unknown, what: string) => void;
}
