import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SpecResources } from '@berth/runtime';
import { EngineError } from '../../errors.ts';
import { containerCgroups } from './cgroup-files.ts';

interface Limit {
  readonly controller: string;
  readonly file: string;
  readonly value: string;
}

/**
 * Gives the groups of a running container new limits.
 * @throws {EngineError} `CONFIG_REFUSED` with the kernel's reason (memory in use is more than the new limit)
 */
export async function writeLimits(
  process: { readonly id: string; readonly pid: number },
  resources: SpecResources,
): Promise<void> {
  const groups = containerCgroups(process.id, process.pid);
  if (groups === undefined) return;
  const limits = groups.isUnified ? unifiedLimits(resources) : legacyLimits(resources);
  // Memory may not go above memory with swap, at no moment: which of the two goes first depends on the direction.
  const late: Limit[] = [];
  for (const limit of limits) if (!(await tryWrite(groups.folder(limit.controller), limit))) late.push(limit);
  for (const limit of late.reverse()) {
    if (await tryWrite(groups.folder(limit.controller), limit)) continue;
    throw new EngineError(
      'CONFIG_REFUSED',
      `Cannot update container ${process.id}: the kernel refuses ${limit.value} for ${limit.file}`,
    );
  }
}

async function tryWrite(folder: string | undefined, { file, value }: Limit): Promise<boolean> {
  if (folder === undefined) return false;
  try {
    await writeFile(join(folder, file), value);
    return true;
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).syscall !== 'write' &&
      (error as NodeJS.ErrnoException).code !== 'ENOENT'
    )
      throw error;
    return false;
  }
}

function legacyLimits(resources: SpecResources): readonly Limit[] {
  const { memoryBytes, memorySwapBytes, memoryReservationBytes } = resources;
  return [
    ...limit('memory', 'memory.limit_in_bytes', memoryBytes),
    ...limit('memory', 'memory.memsw.limit_in_bytes', memorySwapBytes),
    ...limit('memory', 'memory.soft_limit_in_bytes', memoryReservationBytes),
    ...limit('cpu', 'cpu.cfs_period_us', resources.cpuPeriod),
    ...limit('cpu', 'cpu.cfs_quota_us', resources.cpuQuota),
    ...limit('cpu', 'cpu.shares', resources.cpuShares),
    ...limit('cpuset', 'cpuset.cpus', resources.cpusetCpus),
    ...limit('cpuset', 'cpuset.mems', resources.cpusetMems),
    ...limit('pids', 'pids.max', resources.pidsLimit),
  ];
}

function unifiedLimits(resources: SpecResources): readonly Limit[] {
  const { memoryBytes, memorySwapBytes, cpuQuota, cpuPeriod = 100_000, cpuShares } = resources;
  // Version 2 counts swap alone, version 1 and Docker memory with swap.
  const swap =
    memorySwapBytes === undefined
      ? undefined
      : memorySwapBytes < 0
        ? 'max'
        : memorySwapBytes - (memoryBytes ?? 0);
  return [
    ...limit('memory', 'memory.max', memoryBytes),
    ...limit('memory', 'memory.swap.max', swap),
    ...limit('memory', 'memory.low', resources.memoryReservationBytes),
    ...limit(
      'cpu',
      'cpu.max',
      cpuQuota === undefined ? undefined : `${cpuQuota < 0 ? 'max' : cpuQuota} ${cpuPeriod}`,
    ),
    ...limit('cpu', 'cpu.weight', cpuShares === undefined ? undefined : cpuWeight(cpuShares)),
    ...limit('cpuset', 'cpuset.cpus', resources.cpusetCpus),
    ...limit('cpuset', 'cpuset.mems', resources.cpusetMems),
    ...limit('pids', 'pids.max', resources.pidsLimit),
  ];
}

/** 2…262144 to 1…10000. @see opencontainers/cgroups ConvertCPUSharesToCgroupV2Value */
function cpuWeight(shares: number): number {
  return 1 + Math.floor(((Math.min(Math.max(shares, 2), 262_144) - 2) * 9999) / 262_142);
}

function limit(controller: string, file: string, value: string | number | undefined): readonly Limit[] {
  return value === undefined ? [] : [{ controller, file, value: String(value) }];
}
