import type { ApiContainerSummary, ApiImageSummary, ApiVolume } from '../api/types.ts';
import type { CallOptions } from '../interface.ts';
import { folderSize } from './folder-size.ts';
import type { SystemDeps } from './open-system.ts';

export type UsageType = 'image' | 'container' | 'volume' | 'build-cache';

/** `GET /system/df`. Walks what containers wrote and what volumes hold. */
export async function diskUsage(
  deps: Pick<SystemDeps, 'layers' | 'containers' | 'images' | 'volumes'>,
  options: CallOptions & { readonly types?: readonly UsageType[] | undefined },
): Promise<Readonly<Record<string, unknown>>> {
  const { types, signal } = options;
  const wants = (type: UsageType): boolean => types === undefined || types.includes(type);
  const containers = await deps.containers.list({ all: true, size: wants('container') });
  signal?.throwIfAborted();
  const usage: Record<string, unknown> = {};
  if (wants('image')) {
    const { layers } = await deps.layers.usage(signal === undefined ? {} : { signal });
    usage.LayersSize = layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    usage.Images = await imageUsage(deps, containers);
  }
  if (wants('container')) usage.Containers = containers;
  if (wants('volume')) usage.Volumes = await volumeUsage(await deps.volumes.list(), { containers, signal });
  if (wants('build-cache')) usage.BuildCache = [];
  return usage;
}

async function imageUsage(
  deps: Pick<SystemDeps, 'images'>,
  containers: readonly ApiContainerSummary[],
): Promise<readonly ApiImageSummary[]> {
  const users = Map.groupBy(containers, ({ ImageID }) => ImageID);
  const images = await deps.images.list({ sharedSize: true });
  return images.map((image) => ({ ...image, Containers: users.get(image.Id)?.length ?? 0 }));
}

async function volumeUsage(
  volumes: readonly ApiVolume[],
  options: { readonly containers: readonly ApiContainerSummary[]; readonly signal: AbortSignal | undefined },
): Promise<readonly ApiVolume[]> {
  const { containers, signal } = options;
  const users = new Map<string, number>();
  for (const { Mounts } of containers) {
    for (const name of new Set(Mounts.map(({ Name }) => Name))) {
      if (name !== undefined) users.set(name, (users.get(name) ?? 0) + 1);
    }
  }
  const found: ApiVolume[] = [];
  for (const volume of volumes) {
    const Size = await folderSize(volume.Mountpoint, { signal });
    found.push({ ...volume, UsageData: { Size, RefCount: users.get(volume.Name) ?? 0 } });
  }
  return found;
}
