import { rm } from 'node:fs/promises';
import { containerPaths } from '../../data/paths.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { volumesOf } from '../plan-mounts.ts';
import { tellVolume } from '../tell.ts';
import { tellOfNetwork } from './start.ts';

/** Gives back what one run had: network, mounts, bundle. Idempotent. */
export async function releaseRun(context: ContainersContext, container: Container): Promise<void> {
  tellOfNetwork(context, container, 'disconnect');
  const hadRootfs = container.rootfs !== undefined;
  container.sandbox = undefined;
  container.rootfs = undefined;
  for (const volume of hadRootfs ? volumesOf(container.settings.mounts) : []) {
    tellVolume(context.emit, container, { action: 'unmount', volume });
  }
  const results = await Promise.allSettled([
    context.networks.removeSandbox(container.id),
    hadRootfs ? context.storage.unmount(container.id) : undefined,
    rm(containerPaths(context.paths, container.id).bundle, { recursive: true, force: true }),
  ]);
  for (const result of results) {
    if (result.status === 'rejected') context.onFault(result.reason, `what container ${container.id} had`);
  }
}
