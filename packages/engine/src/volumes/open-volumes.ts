import type { EngineDatabase } from '../database/open.ts';
import type { Volumes } from '../interface.ts';
import type { ContainerCatalog, Emit, VolumeCatalog } from '../parts.ts';
import { LocalVolumes } from './local-volumes.ts';

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

/** Volumes of one engine. Finishes what a crash interrupted: removals, and data of images on its way in. */
export async function openVolumes(deps: VolumesDeps): Promise<Volumes & VolumeCatalog> {
  const volumes = new LocalVolumes(deps);
  await volumes.recover();
  return volumes;
}
