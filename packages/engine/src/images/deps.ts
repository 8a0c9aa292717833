import type { LayerStore } from '@berth/storage';
import type { EngineDatabase } from '../database/open.ts';
import type { ContainerCatalog, Emit } from '../parts.ts';

/** What images need of the rest of the engine. */
export interface ImagesDeps {
  readonly db: EngineDatabase;
  readonly layers: LayerStore;
  /** Asked when something is removed or listed, not before. */
  readonly containers: ContainerCatalog;
  readonly emit: Emit;
  /** The engine's data folder; `staging/` below it belongs to images. */
  readonly dataRoot: string;
  /** Registry of names without a host; default `docker.io`. */
  readonly defaultRegistry?: string | undefined;
  /** Registries beyond loopback that may be spoken to by plain HTTP. */
  readonly insecureRegistries?: readonly string[] | undefined;
  /** PEM file of an authority for registries. */
  readonly registryCa?: string | undefined;
  /** For `User-Agent` and the configs that are made here. */
  readonly version?: string | undefined;
  readonly onFault?: ((error: unknown, what: string) => void) | undefined;
  /** Called before each durable step, for crash tests. */
  readonly onStep?: ((step: string) => void) | undefined;
}
