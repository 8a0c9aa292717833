/**
 * The engine: images, containers and volumes of one data folder.
 *
 *     import { openEngine } from '@berth/engine';
 *     await using engine = await openEngine({ dataRoot: '/var/lib/berth/engine' });
 *     await engine.images.pull('localhost:5000/library/hello');
 *     const { Id } = await engine.containers.create({ Image: 'localhost:5000/library/hello' });
 *     await engine.containers.start(Id);
 *     const { StatusCode } = await engine.containers.wait(Id);
 *     await engine.containers.remove(Id);
 *
 * The Engine API (`http/`) is a translation of these calls and nothing else; so is the command line over it. Names
 * (`nameOrId`) are a container's name with or without slash, its id, or an unambiguous beginning of it; of an image a
 * reference, its id, or a beginning of it.
 *
 * Disposing leaves containers running: they belong to the monitor, and the next engine adopts them.
 *
 * Errors: `EngineError` (errors.ts) with Docker's own sentences, because clients match on them; the class decides the status.
 */

import type { AttachedStreams, OutputChunk } from '@berth/monitor';
import type { NetworkInfo } from '@berth/network';
import type { Credentials } from '@berth/transfer';
import type {
  ApiContainerInspect,
  ApiContainerSummary,
  ApiCreateContainer,
  ApiEvent,
  ApiExecCreate,
  ApiExecInspect,
  ApiFilters,
  ApiHistoryItem,
  ApiImageInspect,
  ApiImageSummary,
  ApiPathStat,
  ApiProgress,
  ApiVolume,
} from './api/types.ts';
import type { EngineStorage } from './storage-drivers.ts';
import type { EngineStorageUsage } from './storage-usage.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface Containers {
  /** @throws `IMAGE_UNKNOWN` (404, clients then pull), `NAME_TAKEN` (409), `CONFIG_REFUSED` (400), `NOT_IMPLEMENTED` (501) */
  create(
    config: ApiCreateContainer,
    options?: CallOptions & { readonly name?: string; readonly platform?: string },
  ): Promise<{ readonly Id: string; readonly Warnings: readonly string[] }>;
  /** `false`: it runs already (304). A command that cannot run leaves exit code 126, 127 or 128 in the state and throws. */
  start(nameOrId: string, options?: CallOptions): Promise<boolean>;
  /** Signal, wait, SIGKILL. `timeoutSeconds` −1 waits for ever. `false`: it did not run (304). */
  stop(
    nameOrId: string,
    options?: CallOptions & { readonly timeoutSeconds?: number; readonly stopSignal?: string },
  ): Promise<boolean>;
  restart(
    nameOrId: string,
    options?: CallOptions & { readonly timeoutSeconds?: number; readonly stopSignal?: string },
  ): Promise<void>;
  kill(nameOrId: string, options?: CallOptions & { readonly signalName?: string }): Promise<void>;
  pause(nameOrId: string): Promise<void>;
  unpause(nameOrId: string): Promise<void>;
  rename(nameOrId: string, newName: string): Promise<void>;
  remove(
    nameOrId: string,
    options?: CallOptions & { readonly force?: boolean; readonly volumes?: boolean },
  ): Promise<void>;
  /** Resolves `armed` when a later start or exit cannot be missed any more; HTTP sends its headers then. */
  wait(
    nameOrId: string,
    options?: CallOptions & {
      readonly condition?: 'not-running' | 'next-exit' | 'removed';
      readonly onArmed?: () => void;
    },
  ): Promise<{ readonly StatusCode: number; readonly Error?: { readonly Message: string } }>;
  list(options?: {
    readonly all?: boolean;
    readonly limit?: number;
    readonly size?: boolean;
    readonly filters?: ApiFilters;
  }): Promise<readonly ApiContainerSummary[]>;
  inspect(nameOrId: string, options?: { readonly size?: boolean }): Promise<ApiContainerInspect>;
  /** `ps` arguments as `docker top`; default `-ef`. */
  top(
    nameOrId: string,
    psArgs?: string,
  ): Promise<{ readonly Titles: readonly string[]; readonly Processes: readonly (readonly string[])[] }>;
  changes(
    nameOrId: string,
    options?: CallOptions,
  ): Promise<readonly { readonly Path: string; readonly Kind: 0 | 1 | 2 }[]>;
  stats(
    nameOrId: string,
    options: CallOptions & { readonly stream: boolean; readonly oneShot: boolean },
  ): AsyncIterable<Readonly<Record<string, unknown>>>;
  update(
    nameOrId: string,
    changes: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly Warnings: readonly string[] }>;
  prune(
    filters?: ApiFilters,
  ): Promise<{ readonly ContainersDeleted: readonly string[]; readonly SpaceReclaimed: number }>;

  /** Before or after start; what the process writes afterwards is not missed. With `logs` what it wrote before comes first. */
  attach(
    nameOrId: string,
    options: CallOptions & {
      readonly stdin: boolean;
      readonly stdout: boolean;
      readonly stderr: boolean;
      readonly logs: boolean;
      readonly stream: boolean;
    },
  ): Promise<AttachedStreams & { readonly isTerminal: boolean }>;
  /** Told to a client that pressed the detach keys: the engine's event `detach`. */
  detached(nameOrId: string): Promise<void>;
  resize(nameOrId: string, size: { readonly columns: number; readonly rows: number }): Promise<void>;
  /** Oldest first; `tail` counts lines from the end. `timestamps` are put before each line. Ends with the container unless it is followed. */
  logs(
    nameOrId: string,
    options: CallOptions & {
      readonly stdout: boolean;
      readonly stderr: boolean;
      readonly follow?: boolean;
      readonly since?: Date;
      readonly until?: Date;
      readonly tail?: number;
      readonly timestamps?: boolean;
    },
  ): Promise<{ readonly isTerminal: boolean; readonly output: AsyncIterable<OutputChunk> }>;

  createExec(nameOrId: string, exec: ApiExecCreate): Promise<string>;
  startExec(
    execId: string,
    options: CallOptions & {
      readonly detach: boolean;
      readonly tty?: boolean;
      readonly consoleSize?: readonly [height: number, width: number];
    },
  ): Promise<(AttachedStreams & { readonly isTerminal: boolean }) | undefined>;
  resizeExec(execId: string, size: { readonly columns: number; readonly rows: number }): Promise<void>;
  inspectExec(execId: string): Promise<ApiExecInspect>;

  /** Works on containers that do not run, too. Paths are resolved inside the container, whatever it does meanwhile. */
  statPath(nameOrId: string, path: string): Promise<ApiPathStat>;
  readArchive(
    nameOrId: string,
    path: string,
    options?: CallOptions,
  ): Promise<{ readonly stat: ApiPathStat; readonly tar: AsyncIterable<Uint8Array> }>;
  /** A tar, plain or gzip or zstd. */
  writeArchive(
    nameOrId: string,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    options?: CallOptions & { readonly noOverwriteDirNonDir?: boolean; readonly copyUidGid?: boolean },
  ): Promise<void>;
  /** The whole root filesystem without volumes, as one tar. */
  exportTar(nameOrId: string, options?: CallOptions): AsyncIterable<Uint8Array>;
  commit(
    nameOrId: string,
    options?: CallOptions & {
      readonly reference?: string;
      readonly comment?: string;
      readonly author?: string;
      readonly pause?: boolean;
      readonly changes?: readonly string[];
      readonly config?: Readonly<Record<string, unknown>>;
    },
  ): Promise<{ readonly Id: string }>;
}

export interface PullOptions extends CallOptions {
  readonly platform?: string;
  readonly credentials?: Credentials;
  readonly onProgress?: (line: ApiProgress) => void;
  readonly allTags?: boolean;
}

export interface Images {
  list(options?: {
    readonly all?: boolean;
    readonly filters?: ApiFilters;
    readonly digests?: boolean;
    readonly sharedSize?: boolean;
  }): Promise<readonly ApiImageSummary[]>;
  inspect(nameOrId: string): Promise<ApiImageInspect>;
  history(nameOrId: string): Promise<readonly ApiHistoryItem[]>;
  pull(
    reference: string,
    options?: PullOptions,
  ): Promise<{ readonly id: string; readonly digest: string; readonly isNew: boolean }>;
  push(
    reference: string,
    options?: Omit<PullOptions, 'platform'>,
  ): Promise<readonly { readonly tag: string; readonly digest: string; readonly size: number }[]>;
  tag(nameOrId: string, target: string): Promise<void>;
  remove(
    nameOrId: string,
    options?: CallOptions & { readonly force?: boolean; readonly noPrune?: boolean },
  ): Promise<readonly ({ readonly Untagged: string } | { readonly Deleted: string })[]>;
  prune(
    filters?: ApiFilters,
    options?: CallOptions,
  ): Promise<{
    readonly ImagesDeleted: readonly ({ readonly Untagged: string } | { readonly Deleted: string })[];
    readonly SpaceReclaimed: number;
  }>;
  /** docker-archive and OCI layout in one tar, as `docker save` of today writes it. */
  save(namesOrIds: readonly string[], options?: CallOptions): AsyncIterable<Uint8Array>;
  load(
    tar: AsyncIterable<Uint8Array>,
    options?: CallOptions & { readonly onProgress?: (line: ApiProgress) => void; readonly quiet?: boolean },
  ): Promise<readonly string[]>;
  /** A root filesystem becomes an image of one layer. */
  importTar(
    tar: AsyncIterable<Uint8Array>,
    options?: CallOptions & {
      readonly reference?: string;
      readonly message?: string;
      readonly changes?: readonly string[];
      readonly platform?: string;
      readonly source?: string;
    },
  ): Promise<string>;
}

export interface Volumes {
  create(options?: {
    readonly Name?: string;
    readonly Driver?: string;
    readonly DriverOpts?: Readonly<Record<string, string>>;
    readonly Labels?: Readonly<Record<string, string>>;
  }): Promise<ApiVolume>;
  inspect(name: string): Promise<ApiVolume>;
  /** By name. With `usage` each is walked for its size, and its containers counted, for `system df`. */
  list(
    filters?: ApiFilters,
    options?: CallOptions & { readonly usage?: boolean },
  ): Promise<readonly ApiVolume[]>;
  remove(name: string, options?: { readonly force?: boolean }): Promise<void>;
  prune(
    filters?: ApiFilters,
  ): Promise<{ readonly VolumesDeleted: readonly string[]; readonly SpaceReclaimed: number }>;
}

export interface EngineEvents {
  /** From `since` (a ring of the last 256 in memory, older ones from the log) and then, without `until` in the past, as they happen. */
  follow(
    options: CallOptions & { readonly since?: Date; readonly until?: Date; readonly filters?: ApiFilters },
  ): AsyncIterable<ApiEvent>;
}

export interface System {
  info(): Promise<Readonly<Record<string, unknown>>>;
  version(): Promise<Readonly<Record<string, unknown>>>;
  diskUsage(
    types?: readonly ('image' | 'container' | 'volume' | 'build-cache')[],
    options?: CallOptions,
  ): Promise<Readonly<Record<string, unknown>>>;
  /** Checks a name and password with a registry. */
  auth(
    registry: string,
    credentials: Credentials,
    options?: CallOptions,
  ): Promise<{ readonly Status: string; readonly IdentityToken: string }>;
}

export interface Engine extends AsyncDisposable {
  readonly containers: Containers;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly networks: {
    list(): Promise<readonly NetworkInfo[]>;
    find(nameOrId: string): Promise<NetworkInfo | undefined>;
  };
  readonly events: EngineEvents;
  readonly system: System;
  /** What it runs on, as chosen when it was opened. */
  readonly about: {
    readonly storageDriver: string;
    /** `set`, `found` or `best`: as `LayerStore.driverReason`. */
    readonly storageDriverReason: string;
    /** Name and version of the OCI runtime. */
    readonly runtime: string;
  };
  /** What `berth check` prints: storage, images, containers, networks. */
  check(options?: CallOptions & { readonly deep?: boolean; readonly repair?: boolean }): Promise<
    readonly {
      readonly problem: string;
      readonly subject: string;
      readonly detail: string;
      readonly isRepaired: boolean;
    }[]
  >;
  /** What `berth storage info` prints of the driver in use. */
  describeStorage(): Promise<EngineStorage>;
  /** What `berth storage df` prints; walks all that is stored. */
  storageUsage(options?: CallOptions): Promise<EngineStorageUsage>;
}

export interface OpenEngineOptions {
  /** Made when missing, 0711. One engine at a time: `DATA_ROOT_BUSY`. */
  readonly dataRoot: string;
  /** Sockets, namespaces, bundles, the monitor's state: a tmpfs. Default `/run/berth`. */
  readonly runRoot?: string;
  readonly storageDriver?: string;
  readonly storageOptions?: Readonly<Record<string, string>>;
  /** Path or name of an OCI runtime; default: runc, else crun, whichever runs a container here. */
  readonly runtime?: string;
  readonly bridgeName?: string;
  readonly bridgeSubnet?: string;
  /** Registry of names without a host; default `docker.io`. */
  readonly defaultRegistry?: string;
  readonly insecureRegistries?: readonly string[];
  /** PEM file of an authority for registries. */
  readonly registryCa?: string;
  readonly version?: string;
  readonly onFault?: (error: unknown, what: string) => void;
  /** Called before each durable step, for crash tests. */
  readonly onStep?: (step: string) => void;
  readonly signal?: AbortSignal;
}
