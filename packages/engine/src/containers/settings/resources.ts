import { availableParallelism } from 'node:os';
import type { SpecResources } from '@berth/runtime';
import type { ApiHostConfig } from '../../api/types.ts';
import { parseCpuList, readCpuList } from './cpu-list.ts';
import { refused } from './refuse.ts';

const MIB = 1024 * 1024;
const MEMORY_MIN = 6 * MIB;
const RESERVATION_MIN = 6 * MIB;
const DEFAULT_PERIOD = 100_000;

export interface Machine {
  readonly cpus: number;
  /** Of /sys/fs/cgroup: `0-3`. */
  readonly cpuList: string;
}

export function thisMachine(): Machine {
  const cpus = availableParallelism();
  return { cpus, cpuList: readCpuList() ?? `0-${cpus - 1}` };
}

/** Memory, processors, processes. @throws {EngineError} `CONFIG_REFUSED` with Docker's sentences */
export function validateResources(host: ApiHostConfig, machine: Machine): void {
  validateMemory(host);
  validateCpus(host, machine);
  const { OomScoreAdj = 0, PidsLimit, ShmSize = 0 } = host;
  if (OomScoreAdj < -1000 || OomScoreAdj > 1000) {
    throw refused(`Invalid value ${OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  if (ShmSize < 0) throw refused('SHM size can not be less than 0');
  if ((PidsLimit ?? 0) < -1) throw refused(`Invalid value ${PidsLimit} for the number of processes`);
}

function validateMemory(host: ApiHostConfig): void {
  const { Memory = 0, MemorySwap = 0, MemoryReservation = 0 } = host;
  if (Memory !== 0 && Memory < MEMORY_MIN) throw refused('Minimum memory limit allowed is 6MB');
  if (Memory > 0 && MemorySwap > 0 && MemorySwap < Memory) {
    throw refused('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (Memory === 0 && MemorySwap > 0) {
    throw refused('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  if (MemorySwap < -1) throw refused(`Invalid value ${MemorySwap} for memory-swap`);
  if (MemoryReservation !== 0 && MemoryReservation < RESERVATION_MIN) {
    throw refused('Minimum memory reservation allowed is 6MB');
  }
  if (Memory > 0 && MemoryReservation > Memory) {
    throw refused('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
}

function validateCpus(host: ApiHostConfig, { cpus, cpuList }: Machine): void {
  const { NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0, CpuShares = 0 } = host;
  if (NanoCpus !== 0 && CpuPeriod !== 0) {
    throw refused('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  }
  if (NanoCpus !== 0 && CpuQuota !== 0) {
    throw refused('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  }
  if (NanoCpus < 0 || NanoCpus > cpus * 1e9) {
    throw refused(`range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  }
  if (CpuShares < 0) throw refused(`invalid CPU shares (${CpuShares}): value must be a positive integer`);
  if (CpuPeriod !== 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000)) {
    throw refused('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (CpuQuota > 0 && CpuQuota < 1000) throw refused('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  for (const [name, list] of [
    ['cpus', host.CpusetCpus],
    ['mems', host.CpusetMems],
  ] as const) {
    if (list && parseCpuList(list) === undefined) throw refused(`Invalid value ${list} for cpuset ${name}`);
  }
  const available = parseCpuList(cpuList);
  const missing = host.CpusetCpus && parseCpuList(host.CpusetCpus)?.find((cpu) => !available?.includes(cpu));
  if (missing !== undefined && missing !== '') {
    throw refused(`Requested CPUs are not available - requested ${host.CpusetCpus}, available: ${cpuList}`);
  }
}

/** What the runtime is told. A limit on memory without one on swap allows as much swap again, as with Docker. */
export function specResources(host: ApiHostConfig): SpecResources {
  const { Memory = 0, MemorySwap = 0, MemoryReservation = 0, NanoCpus = 0, PidsLimit } = host;
  const swap = Memory > 0 && MemorySwap === 0 ? Memory * 2 : MemorySwap;
  const quota = NanoCpus > 0 ? Math.round((NanoCpus * DEFAULT_PERIOD) / 1e9) : (host.CpuQuota ?? 0);
  const period = NanoCpus > 0 ? DEFAULT_PERIOD : (host.CpuPeriod ?? 0);
  return {
    ...(Memory > 0 ? { memoryBytes: Memory } : {}),
    ...(swap === 0 ? {} : { memorySwapBytes: swap }),
    ...(MemoryReservation > 0 ? { memoryReservationBytes: MemoryReservation } : {}),
    ...(host.OomKillDisable === true ? { isOomKillDisabled: true } : {}),
    ...(quota === 0 ? {} : { cpuQuota: quota }),
    ...(period === 0 ? {} : { cpuPeriod: period }),
    ...(host.CpuShares ? { cpuShares: host.CpuShares } : {}),
    ...(host.CpusetCpus ? { cpusetCpus: host.CpusetCpus } : {}),
    ...(host.CpusetMems ? { cpusetMems: host.CpusetMems } : {}),
    ...(PidsLimit !== undefined && PidsLimit !== null && PidsLimit > 0 ? { pidsLimit: PidsLimit } : {}),
  };
}
