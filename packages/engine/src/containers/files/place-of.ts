import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import type { MountPlan } from '../model.ts';
import type { Place } from './messages.ts';
import { absolutePath } from './resolve-path.ts';

/**
 * How to see the container's files: its root filesystem with its volumes and binds put into it. What lies in a tmpfs is
 * only seen by going where the running container is.
 */
export function placeOf(
  container: Container,
  options: { readonly rootfs: string; readonly path: string; readonly withMounts: boolean },
): Place {
  const { hostConfig, mounts } = container.settings;
  const { status, pid } = container.state;
  const isRunning = (status === 'running' || status === 'paused') && pid !== 0;
  if (isRunning && options.withMounts && isInTmpfs(mounts, options.path)) {
    return { kind: 'namespace', id: container.id, pid };
  }
  return {
    kind: 'mounts',
    rootfs: options.rootfs,
    isReadonly: hostConfig.ReadonlyRootfs === true,
    mounts: options.withMounts ? mounts.flatMap(placeMount) : [],
  };
}

function placeMount(mount: MountPlan) {
  if (mount.type === 'tmpfs') return [];
  const { source, destination, isReadonly } = mount;
  return [{ source, destination, isReadonly, isRecursive: mount.type === 'volume' || mount.isRecursive }];
}

function isInTmpfs(mounts: readonly MountPlan[], path: string): boolean {
  const asked = absolutePath(path);
  const isBelow = (folder: string) => asked === folder || asked.startsWith(`${folder}/`);
  const nearest = mounts.filter(({ destination }) => isBelow(destination)).at(-1);
  return nearest === undefined ? isBelow('/dev/shm') : nearest.type === 'tmpfs';
}

/** A mount that is open as long as it is used. */
export async function openRootfs(
  { storage }: ContainersContext,
  container: Container,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await storage.mount(container.id);
  return { path, [Symbol.asyncDispose]: () => storage.unmount(container.id) };
}
