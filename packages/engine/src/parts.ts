/**
 * What the parts of the engine need of each other. `containers/`, `images/`, `volumes/` and `events/` import these and not one
 * another; `compose.ts` joins them.
 */
import type { ChainID, ImageConfig, ImageID } from '@berth/oci';
import type { LayerStore } from '@berth/storage';
import type { ApiEvent } from './api/types.ts';
import type { EnginePaths } from './data/paths.ts';
import type { EngineDatabase } from './database/open.ts';

export interface StoredImage {
  readonly id: ImageID;
  readonly config: ImageConfig;
  /** `undefined`: an image without layers. */
  readonly chainID: ChainID | undefined;
  readonly sizeBytes: number;
  readonly createdAt: Date;
}

/** Images, as containers see them. */
export interface ImageCatalog {
  /** By reference, id or an unambiguous beginning of it. @throws {EngineError} `IMAGE_AMBIGUOUS` */
  find(nameOrId: string): Promise<StoredImage | undefined>;
  /**
   * Stores an image whose layers are in the layer store, takes the layer's ownership over to `image:<id>`, and lets
   * `reference` name it. `parent`: the image it was made from, for history.
   */
  add(image: {
    readonly config: ImageConfig;
    readonly reference?: string;
    readonly parent?: ImageID;
  }): Promise<ImageID>;
}

/** Containers, as images see them. */
export interface ContainerCatalog {
  usersOfImage(
    id: ImageID,
  ): Promise<readonly { readonly id: string; readonly name: string; readonly isRunning: boolean }[]>;
  /** Names of volumes that any container has, with the containers' ids. */
  usersOfVolume(name: string): Promise<readonly string[]>;
}

/** Volumes, as containers see them. */
export interface VolumeCatalog {
  /** Made when missing. Without a name an anonymous one (64 hex digits, label `com.docker.volume.anonymous`). */
  ensure(
    name: string | undefined,
    options?: { readonly labels?: Readonly<Record<string, string>> },
  ): Promise<{
    readonly name: string;
    readonly path: string;
    readonly isNew: boolean;
    readonly isAnonymous: boolean;
  }>;
  find(
    name: string,
  ): Promise<{ readonly name: string; readonly path: string; readonly isAnonymous: boolean } | undefined>;
  /**
   * Copies what the image has at `path` (inside the mounted root filesystem `rootfs`, resolved inside it) into a volume that is
   * empty, with owners, modes and times; the volume's own folder takes those of the image's. Once per volume.
   */
  copyUp(
    name: string,
    options: { readonly rootfs: string; readonly path: string; readonly signal?: AbortSignal },
  ): Promise<void>;
  /** Removes anonymous volumes of a container that nobody else has. */
  removeAnonymous(names: readonly string[]): Promise<void>;
}

/** Tells what happened; never throws, never waits. */
export type Emit = (event: Pick<ApiEvent, 'Type' | 'Action' | 'Actor'>) => void;

/** What every part is opened with. */
export interface PartDeps {
  readonly database: EngineDatabase;
  readonly storage: LayerStore;
  readonly paths: EnginePaths;
  readonly emit: Emit;
  readonly onFault: (error: unknown, what: string) => void;
  /** Called before each durable step, for crash tests. */
  readonly onStep: (step: string) => void;
}
