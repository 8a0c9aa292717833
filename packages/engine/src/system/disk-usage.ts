import type { ApiContainerSummary, ApiImageSummary } from '../api/types.ts';
import type { CallOptions } from '../interface.ts';
import type { SystemDeps } from './deps.ts';

export type UsageType = 'image' | 'container' | 'volume' | 'build-cache';

/** `GET /system/df`. Walks what containers wrote and what volumes hold. */
export async function diskUsage(
  deps: Pick<SystemDeps, 'layers' | 'containers' | 'images' | 'volumes'>,
  options: CallOptions & { readonly types?: readonly UsageType[] | undefined },
): Promise<Readonly<Record<string, unknown>>> {
  const { types, signal } = options;
  const call = signal === undefined ? {} : { signal };
  const wants = (type: UsageType): boolean => types === undefined || types.includes(type);
  const containers = await deps.containers.list({ all: true, size: wants('container') });
  signal?.throwIfAborted();
  const usage: Record<string, unknown> = {};
  if (wants('image')) {
    const { layers } = await deps.layers.usage(call);
    usage.LayersSize = layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    usage.Images = await imageUsage(deps, containers);
  }
  if (wants('container')) usage.Containers = containers;
  // What is mounted for a volume with options (a share, a folder of the host) is not the engine's.
  if (wants('volume')) {
    const volumes = await deps.volumes.list({}, { ...call, usage: true });
    usage.Volumes = volumes.filter(({ Options }) => Options === null);
  }
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
