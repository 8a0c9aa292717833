import type { Volumes } from '../interface.ts';
import type { VolumeCatalog } from '../parts.ts';
import type { VolumesDeps } from './deps.ts';
import { LocalVolumes } from './local-volumes.ts';

/** Volumes of one engine. Finishes what a crash interrupted: removals, and data of images on its way in. */
export async function openVolumes(deps: VolumesDeps): Promise<Volumes & VolumeCatalog> {
  const volumes = new LocalVolumes(deps);
  await volumes.recover();
  return volumes;
}
