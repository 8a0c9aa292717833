import type { ApiHostConfig } from '../api/types.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import { refuseLeaving } from './lifecycle/states.ts';
import { writeLimits } from './processes/write-limits.ts';
import { validateTypes } from './settings/host-config-fields.ts';
import { isZero, notImplemented, refused } from './settings/refuse.ts';
import { specResources, thisMachine, validateResources } from './settings/resources.ts';
import { parseRestartPolicy } from './settings/restart-policy.ts';
import { tell } from './tell.ts';

const RESOURCES = [
  'Memory',
  'MemorySwap',
  'MemoryReservation',
  'NanoCpus',
  'CpuPeriod',
  'CpuQuota',
  'CpuShares',
  'CpusetCpus',
  'CpusetMems',
  'PidsLimit',
] as const;

/** Restart policy and limits, of a running container too. */
export async function updateContainer(
  context: ContainersContext,
  container: Container,
  changes: Readonly<Record<string, unknown>>,
): Promise<{ readonly Warnings: readonly string[] }> {
  const known = new Set<string>([...RESOURCES, 'RestartPolicy']);
  for (const [name, value] of Object.entries(changes)) {
    if (!known.has(name) && !isZero(value))
      throw notImplemented(`Changing HostConfig.${name} of a container`);
  }
  await container.mutex.run(async () => {
    refuseLeaving(container, 'updated');
    const before = container.settings;
    const hostConfig = changedHostConfig(before.hostConfig, changes as ApiHostConfig);
    const pid =
      container.state.status === 'running' || container.state.status === 'paused' ? container.state.pid : 0;
    if (pid !== 0) await writeLimits({ id: container.id, pid }, specResources(hostConfig));
    container.settings = { ...before, hostConfig };
    await context.rows.save(container);
    if (changes.RestartPolicy !== undefined) container.restartStreak = 0;
    tell(context.emit, container, { action: 'update' });
  });
  return { Warnings: [] };
}

function changedHostConfig(before: ApiHostConfig, changes: ApiHostConfig): ApiHostConfig {
  validateTypes(changes);
  const given = RESOURCES.filter((name) => !isZero(changes[name]));
  const hostConfig: Record<string, unknown> = { ...before };
  for (const name of given) hostConfig[name] = changes[name];
  // A memory limit above the swap limit of before would contradict it.
  const { Memory = 0, MemorySwap = 0 } = hostConfig as ApiHostConfig;
  if (given.includes('Memory') && !given.includes('MemorySwap') && MemorySwap > 0 && Memory > MemorySwap) {
    throw refused(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
  if (given.includes('NanoCpus') && ((before.CpuQuota ?? 0) > 0 || (before.CpuPeriod ?? 0) > 0)) {
    throw refused(
      'Conflicting options: Nano CPUs cannot be updated as CPU Quota or Period has already been set',
    );
  }
  validateResources(hostConfig as ApiHostConfig, thisMachine());
  const policy = changes.RestartPolicy;
  if (policy !== undefined && policy !== null && policy.Name !== '') {
    if (before.AutoRemove === true && policy.Name !== 'no') {
      throw refused('Restart policy cannot be updated because AutoRemove is enabled for the container');
    }
    hostConfig.RestartPolicy = parseRestartPolicy(policy, { autoRemove: before.AutoRemove === true });
  }
  return hostConfig as ApiHostConfig;
}
