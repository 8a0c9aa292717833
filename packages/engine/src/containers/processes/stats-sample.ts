import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { hasCode } from '@berth/errors';
import type { Container } from '../container.ts';
import { NEVER, timeText } from '../times.ts';
import { type ContainerCgroups, containerCgroups, parsePairs, readCgroupFile } from './cgroup-files.ts';

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

interface BlkioEntry {
  readonly major: number;
  readonly minor: number;
  readonly op: string;
  readonly value: number;
}

function noBlkio(
  bytes: readonly BlkioEntry[] | null = null,
  operations: readonly BlkioEntry[] | null = null,
): Sample {
  return {
    io_service_bytes_recursive: bytes,
    io_serviced_recursive: operations,
    io_queue_recursive: null,
    io_service_time_recursive: null,
    io_wait_time_recursive: null,
    io_merged_recursive: null,
    io_time_recursive: null,
    sectors_recursive: null,
  };
}

async function blkioStats(groups: ContainerCgroups): Promise<Sample> {
  if (!groups.isUnified) {
    const folder = groups.folder('blkio');
    const [bytes, operations] = await Promise.all([
      readCgroupFile(folder, 'blkio.throttle.io_service_bytes_recursive'),
      readCgroupFile(folder, 'blkio.throttle.io_serviced_recursive'),
    ]);
    return noBlkio(legacyEntries(bytes), legacyEntries(operations));
  }
  const bytes: BlkioEntry[] = [];
  const operations: BlkioEntry[] = [];
  for (const line of ((await readCgroupFile(groups.folder('io'), 'io.stat')) ?? '').split('\n')) {
    const match = /^(\d+):(\d+) (.*)$/.exec(line);
    if (match === null) continue;
    const device = { major: Number(match[1]), minor: Number(match[2]) };
    const values = Object.fromEntries((match[3] ?? '').split(' ').map((pair) => pair.split('=')));
    bytes.push({ ...device, op: 'read', value: Number(values.rbytes ?? 0) });
    bytes.push({ ...device, op: 'write', value: Number(values.wbytes ?? 0) });
    operations.push({ ...device, op: 'read', value: Number(values.rios ?? 0) });
    operations.push({ ...device, op: 'write', value: Number(values.wios ?? 0) });
  }
  return noBlkio(bytes, operations);
}

function legacyEntries(text: string | undefined): readonly BlkioEntry[] {
  return (text ?? '').split('\n').flatMap((line) => {
    const match = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line);
    if (match === null) return [];
    const [, major, minor, op = '', value] = match;
    return [{ major: Number(major), minor: Number(minor), op: op.toLowerCase(), value: Number(value) }];
  });
}

/** @see proc_pid_net(5): dev */
async function networkStats(pid: number): Promise<Record<string, Record<string, number>> | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/net/dev`, 'utf8');
    const networks: Record<string, Record<string, number>> = {};
    for (const line of text.split('\n')) {
      const [name, numbers] = line.split(':');
      if (numbers === undefined || name === undefined || name.trim() === 'lo') continue;
      const [rxBytes, rxPackets, rxErrors, rxDropped, , , , , txBytes, txPackets, txErrors, txDropped] =
        numbers.trim().split(/\s+/).map(Number);
      networks[name.trim()] = {
        rx_bytes: rxBytes ?? 0,
        rx_packets: rxPackets ?? 0,
        rx_errors: rxErrors ?? 0,
        rx_dropped: rxDropped ?? 0,
        tx_bytes: txBytes ?? 0,
        tx_packets: txPackets ?? 0,
        tx_errors: txErrors ?? 0,
        tx_dropped: txDropped ?? 0,
      };
    }
    return networks;
  } catch (error) {
    if (hasCode(error) && ['ENOENT', 'ESRCH', 'EINVAL'].includes(error.code)) return undefined;
    throw error;
  }
}

function noThrottling(): Sample {
  return { periods: 0, throttled_periods: 0, throttled_time: 0 };
}
