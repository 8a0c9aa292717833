import type { ApiContainerConfig, ApiHostConfig } from '../api/types.ts';
import { EngineError } from '../errors.ts';
import type { ContainersContext } from './context.ts';
import { newId } from './ids.ts';
import type { MountPlan, VolumePlan } from './model.ts';
import type { MountRequest } from './settings/mount-request.ts';
import { mountRequests, volumeDestinations } from './settings/mount-requests.ts';
import { refused } from './settings/refuse.ts';

/** By it volumes know which of them go with their container. */
const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

/** A volume that the container needs, made when it is missing. */
export interface PlannedVolume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly destination: string;
  /** Empty, it takes what the image has at its place. */
  readonly isFilled: boolean;
}

export interface MountsPlanned {
  /** What lies inside another mount comes after it. Folders of volumes are not known yet. */
  readonly mounts: readonly MountPlan[];
  readonly volumes: readonly PlannedVolume[];
}

/**
 * Everything that will be mounted, most particular claim first: what the caller names, what other containers lend
 * (`--volumes-from`), what the image wants a volume for. Volumes without a name get one here, so that they are in the
 * container's row before they are made.
 *
 * @throws {EngineError} `CONFIG_REFUSED`
 */
export function planMounts(
  context: ContainersContext,
  { config, host }: { readonly config: ApiContainerConfig; readonly host: ApiHostConfig },
): MountsPlanned {
  const requests = mountRequests(host);
  const taken = new Set(requests.map(({ destination }) => destination));
  const borrowed = borrowedMounts(context, host).filter(({ destination }) => !taken.has(destination));
  for (const { destination } of borrowed) taken.add(destination);
  const wanted = volumeDestinations(config)
    .filter((destination) => !taken.has(destination))
    .map(anonymousRequest);
  const volumes: PlannedVolume[] = [];
  const mounts = [...requests, ...wanted].map((request): MountPlan => {
    if (request.type !== 'volume') return request;
    const { destination, mode, isReadonly, noCopy } = request;
    const isAnonymous = request.name === undefined;
    const name = request.name ?? newId();
    const labels = isAnonymous ? { ...request.labels, [ANONYMOUS_LABEL]: '' } : request.labels;
    volumes.push({ name, labels, destination, isFilled: !noCopy });
    return { type: 'volume', name, source: '', destination, mode, isReadonly, isAnonymous };
  });
  return { mounts: [...mounts, ...borrowed].sort(byDepth), volumes };
}

function anonymousRequest(destination: string): MountRequest {
  return { type: 'volume', name: undefined, destination, mode: '', isReadonly: false, noCopy: false };
}

function byDepth(a: MountPlan, b: MountPlan): number {
  const depth = ({ destination }: MountPlan) => destination.split('/').length;
  return depth(a) - depth(b) || (a.destination < b.destination ? -1 : 1);
}

function borrowedMounts({ store }: ContainersContext, host: ApiHostConfig): readonly MountPlan[] {
  const byDestination = new Map<string, MountPlan>();
  for (const text of host.VolumesFrom ?? []) {
    const [nameOrId = '', mode = ''] = text.split(':');
    if (nameOrId === '') throw refused(`invalid volumes-from specification: ${text}`);
    if (!['', 'ro', 'rw', 'z', 'Z'].includes(mode)) throw refused(`invalid mode: ${mode}`);
    for (const mount of mountsOf(store, nameOrId)) {
      if (mount.type === 'tmpfs') continue;
      const isReadonly = mode === 'ro' || mount.isReadonly;
      byDestination.set(mount.destination, { ...mount, isReadonly });
    }
  }
  return [...byDestination.values()];
}

function mountsOf(store: ContainersContext['store'], nameOrId: string): readonly MountPlan[] {
  try {
    return store.find(nameOrId).settings.mounts;
  } catch (error) {
    // A 404 would make clients pull the image.
    if (error instanceof EngineError) throw refused(error.message);
    throw error;
  }
}

export function volumesOf(mounts: readonly MountPlan[]): readonly VolumePlan[] {
  return mounts.filter((mount) => mount.type === 'volume');
}
