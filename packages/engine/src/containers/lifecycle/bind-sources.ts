import { mkdir, stat } from 'node:fs/promises';
import { hasCode } from '@berth/errors';
import type { SpecMount } from '@berth/runtime';
import { EngineError } from '../../errors.ts';
import type { VolumeCatalog } from '../../parts.ts';
import type { MountPlan } from '../model.ts';
import { refused } from '../settings/refuse.ts';

/** As the runtime takes them. Sources that `-v` names and that are not there are made, as Docker does. */
export async function specMounts(
  mounts: readonly MountPlan[],
  volumes: Pick<VolumeCatalog, 'find'>,
): Promise<readonly SpecMount[]> {
  const made: SpecMount[] = [];
  for (const mount of mounts) {
    if (mount.type === 'tmpfs') {
      made.push({ type: 'tmpfs', target: mount.destination, options: mount.options });
      continue;
    }
    const { source, destination: target, isReadonly } = mount;
    if (mount.type === 'volume') {
      // Asked for anew: what a volume is made of may have to be mounted first.
      const volume = await volumes.find(mount.name);
      if (volume === undefined) throw volumeUnknown(mount.name);
      made.push({ type: 'bind', source: volume.path, target, isReadonly, isRecursive: true });
      continue;
    }
    const { propagation, isRecursive } = mount;
    if (mount.makesSource) await makeFolder(source);
    else await refuseMissingSource(source);
    made.push({ type: 'bind', source, target, isReadonly, propagation, isRecursive });
  }
  return made;
}

function volumeUnknown(name: string): EngineError {
  return new EngineError('VOLUME_UNKNOWN', `get ${name}: no such volume`);
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o755 });
  } catch (error) {
    // A file, a socket or a device is bound as it is.
    if (hasCode(error) && error.code === 'EEXIST') return;
    throw refused(`error while creating mount source path '${path}': ${(error as Error).message}`);
  }
}

async function refuseMissingSource(path: string): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    if (!hasCode(error) || !['ENOENT', 'ENOTDIR'].includes(error.code)) throw error;
    throw refused(`invalid mount config for type "bind": bind source path does not exist: ${path}`);
  }
}
