import type { ApiContainerSummary, ApiImageSummary, ApiVolume } from '@berth/engine';
import { bool } from '../flags/flag.ts';
import { containerColumns, localVolumes, sizeText } from '../format/container-columns.ts';
import { type ImageRow, imageColumns, imageRows } from '../format/image-columns.ts';
import { humanSize } from '../format/sizes.ts';
import type { Column } from '../format/table.ts';
import type { Verb, VerbCall } from './interface.ts';

interface Usage {
  readonly LayersSize: number;
  readonly Images: readonly ApiImageSummary[] | null;
  readonly Containers: readonly ApiContainerSummary[] | null;
  readonly Volumes: readonly ApiVolume[] | null;
}

interface Summary {
  readonly type: string;
  readonly total: number;
  readonly active: number;
  readonly bytes: number;
  readonly reclaimable: number;
  /** Whether a share of the whole says something. */
  readonly hasShare: boolean;
}

export const systemDf: Verb = {
  usage: '',
  description: 'Show disk usage of the engine',
  flags: [bool('v, verbose', 'Show detailed information on space usage')],
  args: [0, 0],
  async run(call) {
    const usage = await call.api.json<Usage>({ path: '/system/df' });
    if (call.flags.bool('verbose') && call.out.isJson) call.out.line('', usage);
    else if (call.flags.bool('verbose')) verbose(call, usage);
    else call.out.table(summaries(usage), SUMMARY_COLUMNS);
  },
};

const SUMMARY_COLUMNS: readonly Column<Summary>[] = [
  { name: 'Type', heading: 'TYPE', cell: ({ type }) => type },
  { name: 'TotalCount', heading: 'TOTAL', cell: ({ total }) => String(total) },
  { name: 'Active', heading: 'ACTIVE', cell: ({ active }) => String(active) },
  { name: 'Size', heading: 'SIZE', cell: ({ bytes }) => humanSize(bytes) },
  {
    name: 'Reclaimable',
    heading: 'RECLAIMABLE',
    cell: ({ bytes, reclaimable, hasShare }) => {
      const share = bytes > 0 && hasShare ? ` (${Math.trunc((reclaimable * 100) / bytes)}%)` : '';
      return `${humanSize(reclaimable)}${share}`;
    },
  },
];

function summaries({ LayersSize, Images, Containers, Volumes }: Usage): readonly Summary[] {
  const [images, containers, volumes] = [Images ?? [], Containers ?? [], Volumes ?? []];
  const usedImages = images.filter(({ Containers: count }) => count > 0);
  const usedBytes = usedImages.reduce((sum, { Size, SharedSize }) => sum + Size - Math.max(0, SharedSize), 0);
  const isActive = ({ State }: ApiContainerSummary) => ['running', 'paused', 'restarting'].includes(State);
  const sizeOf = (list: readonly ApiContainerSummary[]) =>
    list.reduce((sum, { SizeRw = 0 }) => sum + SizeRw, 0);
  const volumeBytes = (list: readonly ApiVolume[]) =>
    list.reduce((sum, { UsageData }) => sum + Math.max(0, UsageData?.Size ?? 0), 0);
  const isUsed = ({ UsageData }: ApiVolume) => (UsageData?.RefCount ?? 0) > 0;
  return [
    {
      ...{ type: 'Images', total: images.length, active: usedImages.length, bytes: LayersSize },
      ...{ reclaimable: LayersSize - usedBytes, hasShare: true },
    },
    {
      ...{ type: 'Containers', total: containers.length, active: containers.filter(isActive).length },
      ...{ bytes: sizeOf(containers), reclaimable: sizeOf(containers.filter((one) => !isActive(one))) },
      hasShare: true,
    },
    {
      ...{ type: 'Local Volumes', total: volumes.length, active: volumes.filter(isUsed).length },
      ...{ bytes: volumeBytes(volumes), reclaimable: volumeBytes(volumes.filter((one) => !isUsed(one))) },
      hasShare: true,
    },
    // There is no builder, so there is nothing of it.
    { type: 'Build Cache', total: 0, active: 0, bytes: 0, reclaimable: 0, hasShare: false },
  ];
}

function verbose({ out }: VerbCall, { Images, Containers, Volumes }: Usage): void {
  out.say('Images space usage:\n\n');
  out.table(imageRows(Images ?? [], { hasDigests: false }), imageUsage());
  out.say('\nContainers space usage:\n\n');
  out.table(Containers ?? [], containerUsage());
  out.say('\nLocal Volumes space usage:\n\n');
  out.table(Volumes ?? [], VOLUME_USAGE);
  out.say('\nBuild cache usage: 0B\n\n');
  out.table(
    [],
    ['CACHE ID', 'CACHE TYPE', 'SIZE', 'CREATED', 'LAST USED', 'USAGE', 'SHARED'].map(headingOnly),
  );
}

function headingOnly(heading: string): Column<never> {
  return { name: heading, heading, cell: () => '' };
}

function imageUsage(): readonly Column<ImageRow>[] {
  const shown = imageColumns({ isWhole: false, hasDigests: false }).filter(
    ({ heading }) => heading !== undefined,
  );
  return [
    ...shown,
    {
      name: 'SharedSize',
      heading: 'SHARED SIZE',
      cell: ({ image }) => humanSize(Math.max(0, image.SharedSize)),
    },
    {
      name: 'UniqueSize',
      heading: 'UNIQUE SIZE',
      cell: ({ image }) => humanSize(image.Size - Math.max(0, image.SharedSize)),
    },
    { name: 'Containers', heading: 'CONTAINERS', cell: ({ image }) => String(Math.max(0, image.Containers)) },
  ];
}

function containerUsage(): readonly Column<ApiContainerSummary>[] {
  const known = containerColumns({ isWhole: false, hasSize: true });
  const named = (name: string) => known.filter((column) => column.name === name);
  return [
    ...['ID', 'Image', 'Command'].flatMap(named),
    { name: 'LocalVolumes', heading: 'LOCAL VOLUMES', cell: (row) => String(localVolumes(row)) },
    { name: 'Size', heading: 'SIZE', cell: (row) => sizeText(row).replace(/ \(virtual.*/, '') },
    ...['RunningFor', 'Status', 'Names'].flatMap(named),
  ];
}

const VOLUME_USAGE: readonly Column<ApiVolume>[] = [
  { name: 'Name', heading: 'VOLUME NAME', cell: ({ Name }) => Name },
  { name: 'Links', heading: 'LINKS', cell: ({ UsageData }) => String(UsageData?.RefCount ?? 0) },
  { name: 'Size', heading: 'SIZE', cell: ({ UsageData }) => humanSize(Math.max(0, UsageData?.Size ?? 0)) },
];
