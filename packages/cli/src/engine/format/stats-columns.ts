import { humanMemory, humanSize } from './sizes.ts';
import { type Column, shortId } from './table.ts';

/** The part of a sample that is shown; a container that does not run has hardly any of it. */
export interface Sample {
  readonly id?: string;
  readonly name?: string;
  readonly cpu_stats?: Cpu;
  readonly precpu_stats?: Cpu;
  readonly memory_stats?: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>>;
  };
  readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>>;
  readonly blkio_stats?: {
    readonly io_service_bytes_recursive?: readonly { readonly op: string; readonly value: number }[] | null;
  };
  readonly pids_stats?: { readonly current?: number };
}

interface Cpu {
  readonly cpu_usage?: { readonly total_usage?: number; readonly percpu_usage?: readonly number[] | null };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

export interface StatsRow {
  /** As it was asked for. */
  readonly name: string;
  readonly sample: Sample;
}

/** Of `docker stats`. */
export function statsColumns({ isWhole }: { readonly isWhole: boolean }): readonly Column<StatsRow>[] {
  const id = ({ sample, name }: StatsRow) => (isWhole ? (sample.id ?? name) : shortId(sample.id ?? name));
  return [
    { name: 'ID', heading: 'CONTAINER ID', cell: id },
    { name: 'Name', heading: 'NAME', cell: ({ sample }) => (sample.name ?? '').replace(/^\//, '') || '--' },
    { name: 'CPUPerc', heading: 'CPU %', cell: ({ sample }) => `${cpuPercent(sample).toFixed(2)}%` },
    {
      name: 'MemUsage',
      heading: 'MEM USAGE / LIMIT',
      cell: ({ sample }) =>
        `${humanMemory(memoryUsed(sample))} / ${humanMemory(sample.memory_stats?.limit ?? 0)}`,
    },
    { name: 'MemPerc', heading: 'MEM %', cell: ({ sample }) => `${memoryPercent(sample).toFixed(2)}%` },
    { name: 'NetIO', heading: 'NET I/O', cell: ({ sample }) => networkText(sample) },
    { name: 'BlockIO', heading: 'BLOCK I/O', cell: ({ sample }) => blockText(sample) },
    { name: 'PIDs', heading: 'PIDS', cell: ({ sample }) => String(sample.pids_stats?.current ?? 0) },
    {
      name: 'Container',
      heading: undefined,
      cell: ({ name, sample }) => (name === sample.id ? id({ name, sample }) : name),
    },
  ];
}

/** Of one processor: two that are busy are 200. */
function cpuPercent({ cpu_stats: now, precpu_stats: before }: Sample): number {
  const used = (now?.cpu_usage?.total_usage ?? 0) - (before?.cpu_usage?.total_usage ?? 0);
  const system = (now?.system_cpu_usage ?? 0) - (before?.system_cpu_usage ?? 0);
  const processors = now?.online_cpus || now?.cpu_usage?.percpu_usage?.length || 0;
  return used > 0 && system > 0 ? (used / system) * processors * 100 : 0;
}

/** Without what the kernel could take back: cgroup v1 and v2 call it differently. */
function memoryUsed({ memory_stats: memory }: Sample): number {
  const usage = memory?.usage ?? 0;
  const inactive = memory?.stats?.total_inactive_file ?? memory?.stats?.inactive_file ?? 0;
  return inactive < usage ? usage - inactive : usage;
}

function memoryPercent(sample: Sample): number {
  const limit = sample.memory_stats?.limit ?? 0;
  return limit === 0 ? 0 : (memoryUsed(sample) / limit) * 100;
}

function networkText({ networks }: Sample): string {
  const all = Object.values(networks ?? {});
  const received = all.reduce((sum, { rx_bytes: bytes }) => sum + bytes, 0);
  const sent = all.reduce((sum, { tx_bytes: bytes }) => sum + bytes, 0);
  return `${humanSize(received, 3)} / ${humanSize(sent, 3)}`;
}

function blockText({ blkio_stats: blocks }: Sample): string {
  const of = (letter: string) =>
    (blocks?.io_service_bytes_recursive ?? [])
      .filter(({ op }) => op.toLowerCase().startsWith(letter))
      .reduce((sum, { value }) => sum + value, 0);
  return `${humanSize(of('r'), 3)} / ${humanSize(of('w'), 3)}`;
}
