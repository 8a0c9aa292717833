import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import type { Container } from '../container.ts';
import { NEVER, timeText } from '../times.ts';
import { type ContainerCgroups, containerCgroups, parsePairs, readCgroupFile } from './cgroup-files.ts';
import { blkioStats, noBlkio } from './stats-blkio.ts';
import { networkStats } from './stats-network.ts';

export type Sample = Readonly<Record<string, unknown>>;

const TICKS_PER_SECOND = 100;
const NS_PER_TICK = 1e9 / TICKS_PER_SECOND;
/** No machine has this much: version 1's way of saying "no limit". */
const NO_LIMIT = 2 ** 60;

/** Where there is nothing to measure. */
export function emptySample(container: Container, before?: Sample): Sample {
  return {
    ...identity(container),
    read: NEVER,
    preread: before?.read ?? NEVER,
    pids_stats: {},
    blkio_stats: noBlkio(),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: {
      cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
      throttling_data: noThrottling(),
    },
    precpu_stats: {
      cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
      throttling_data: noThrottling(),
    },
    memory_stats: {},
  };
}

/** One measurement; `before` gives what the caller computes a rate from. @returns `undefined`: it does not run (any more) */
export async function takeSample(container: Container, before?: Sample): Promise<Sample | undefined> {
  const { pid } = container.state;
  const groups = pid === 0 ? undefined : containerCgroups(container.id, pid);
  if (groups === undefined) return undefined;
  const [pids, blkio, cpu, memory, networks] = await Promise.all([
    pidsStats(groups),
    blkioStats(groups),
    cpuStats(groups),
    memoryStats(groups),
    networkStats(pid),
  ]);
  return {
    ...identity(container),
    read: timeText(new Date()),
    preread: before?.read ?? NEVER,
    pids_stats: pids,
    blkio_stats: blkio,
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpu,
    precpu_stats: before?.cpu_stats ?? emptySample(container).precpu_stats,
    memory_stats: memory,
    ...(networks === undefined ? {} : { networks }),
  };
}

function identity(container: Container): Sample {
  return { name: `/${container.name}`, id: container.id };
}

async function pidsStats(groups: ContainerCgroups): Promise<Sample> {
  const folder = groups.folder('pids');
  const current = await readCgroupFile(folder, 'pids.current');
  if (current === undefined) return {};
  const limit = Number(await readCgroupFile(folder, 'pids.max'));
  // "max" is 2^64−1 with Docker, which JSON of ours cannot say exactly, and clients refuse what is above: left out.
  return { current: Number(current), ...(Number.isNaN(limit) ? {} : { limit }) };
}

async function cpuStats(groups: ContainerCgroups): Promise<Sample> {
  const machine = await machineCpu();
  return groups.isUnified ? await unifiedCpu(groups, machine) : await legacyCpu(groups, machine);
}

async function unifiedCpu(groups: ContainerCgroups, machine: Machine): Promise<Sample> {
  const stat = parsePairs(await readCgroupFile(groups.folder('cpu'), 'cpu.stat'));
  return {
    cpu_usage: {
      total_usage: (stat.usage_usec ?? 0) * 1000,
      usage_in_kernelmode: (stat.system_usec ?? 0) * 1000,
      usage_in_usermode: (stat.user_usec ?? 0) * 1000,
    },
    system_cpu_usage: machine.usage,
    online_cpus: machine.cpus,
    throttling_data: {
      periods: stat.nr_periods ?? 0,
      throttled_periods: stat.nr_throttled ?? 0,
      throttled_time: (stat.throttled_usec ?? 0) * 1000,
    },
  };
}

async function legacyCpu(groups: ContainerCgroups, machine: Machine): Promise<Sample> {
  const folder = groups.folder('cpuacct');
  const [usage, perCpu, modes, throttling] = await Promise.all([
    readCgroupFile(folder, 'cpuacct.usage'),
    readCgroupFile(folder, 'cpuacct.usage_percpu'),
    readCgroupFile(folder, 'cpuacct.stat'),
    readCgroupFile(groups.folder('cpu'), 'cpu.stat'),
  ]);
  const ticks = parsePairs(modes);
  const stat = parsePairs(throttling);
  return {
    cpu_usage: {
      total_usage: Number(usage ?? 0),
      percpu_usage: (perCpu ?? '').trim().split(/\s+/).map(Number),
      usage_in_kernelmode: (ticks.system ?? 0) * NS_PER_TICK,
      usage_in_usermode: (ticks.user ?? 0) * NS_PER_TICK,
    },
    system_cpu_usage: machine.usage,
    online_cpus: machine.cpus,
    throttling_data: {
      periods: stat.nr_periods ?? 0,
      throttled_periods: stat.nr_throttled ?? 0,
      throttled_time: stat.throttled_time ?? 0,
    },
  };
}

interface Machine {
  /** Nanoseconds of all processors. */
  readonly usage: number;
  readonly cpus: number;
}

/** @see proc_stat(5) */
async function machineCpu(): Promise<Machine> {
  const lines = (await readFile('/proc/stat', 'utf8')).split('\n');
  const all = lines.find((line) => line.startsWith('cpu ')) ?? '';
  const ticks = all
    .split(/\s+/)
    .slice(1, 8)
    .reduce((sum, text) => sum + Number(text), 0);
  return { usage: ticks * NS_PER_TICK, cpus: lines.filter((line) => /^cpu\d/.test(line)).length };
}

async function memoryStats(groups: ContainerCgroups): Promise<Sample> {
  const folder = groups.folder('memory');
  const [current, limit, most, failures] = groups.isUnified
    ? ['memory.current', 'memory.max', undefined, undefined]
    : ['memory.usage_in_bytes', 'memory.limit_in_bytes', 'memory.max_usage_in_bytes', 'memory.failcnt'];
  const usage = await readCgroupFile(folder, current);
  if (usage === undefined) return {};
  const [limitText, stat, mostText, failText] = await Promise.all([
    readCgroupFile(folder, limit),
    readCgroupFile(folder, 'memory.stat'),
    most === undefined ? undefined : readCgroupFile(folder, most),
    failures === undefined ? undefined : readCgroupFile(folder, failures),
  ]);
  const bytes = Number(limitText);
  return {
    usage: Number(usage),
    ...(mostText === undefined ? {} : { max_usage: Number(mostText) }),
    stats: parsePairs(stat),
    ...(failText === undefined ? {} : { failcnt: Number(failText) }),
    limit: Number.isNaN(bytes) || bytes > NO_LIMIT ? totalmem() : Math.min(bytes, totalmem()),
  };
}

function noThrottling(): Sample {
  return { periods: 0, throttled_periods: 0, throttled_time: 0 };
}
