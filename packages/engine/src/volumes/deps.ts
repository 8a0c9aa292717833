import type { EngineDatabase } from '../database/open.ts';
import type { ContainerCatalog, Emit } from '../parts.ts';

/** What volumes need of the rest of the engine. */
export interface VolumesDeps {
  readonly db: EngineDatabase;
  /** Asked when something is removed or listed, not before. */
  readonly containers: ContainerCatalog;
  readonly emit: Emit;
  /** The engine's data folder; `volumes/` below it belongs to volumes. */
  readonly dataRoot: string;
  readonly onFault?: ((error: unknown, what: string) => void) | undefined;
  /** Called before each durable step, for crash tests. */
  readonly onStep?: ((step: string) => void) | undefined;
}
