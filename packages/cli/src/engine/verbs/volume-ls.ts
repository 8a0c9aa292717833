import type { ApiVolume } from '@berth/engine';
import { bool, FILTER } from '../flags/flag.ts';
import { labelsText } from '../format/container-columns.ts';
import { naturalOrder } from '../format/natural-order.ts';
import { humanSize } from '../format/sizes.ts';
import type { Column } from '../format/table.ts';
import { filtersQuery } from './filters.ts';
import type { Verb } from './interface.ts';

export const volumeLs: Verb = {
  usage: '',
  description: 'List volumes',
  flags: [FILTER, bool('q, quiet', 'Only display volume names')],
  args: [0, 0],
  async run({ api, flags, out }) {
    const query = { filters: filtersQuery(flags.list('filter')) };
    const { Volumes } = await api.json<{ readonly Volumes: readonly ApiVolume[] | null }>({
      path: '/volumes',
      query,
    });
    const volumes = [...(Volumes ?? [])].sort((a, b) => naturalOrder(a.Name, b.Name));
    if (flags.bool('quiet') && !out.isJson) out.table(volumes, [NAME], { isQuiet: true });
    else out.table(volumes, VOLUME_COLUMNS);
  },
};

const NAME: Column<ApiVolume> = { name: 'Name', heading: 'VOLUME NAME', cell: ({ Name }) => Name };

const VOLUME_COLUMNS: readonly Column<ApiVolume>[] = [
  { name: 'Driver', heading: 'DRIVER', cell: ({ Driver }) => Driver },
  NAME,
  { name: 'Scope', heading: undefined, cell: ({ Scope }) => Scope },
  { name: 'Mountpoint', heading: undefined, cell: ({ Mountpoint }) => Mountpoint },
  { name: 'Labels', heading: undefined, cell: ({ Labels }) => labelsText(Labels) },
  {
    name: 'Links',
    heading: undefined,
    cell: ({ UsageData }) => (UsageData ? String(UsageData.RefCount) : 'N/A'),
  },
  {
    name: 'Size',
    heading: undefined,
    cell: ({ UsageData }) => (UsageData ? humanSize(UsageData.Size) : 'N/A'),
  },
  // Of swarm, which is never on; scripts that name the fields find them.
  ...['Availability', 'Group', 'Status'].map((name) => ({ name, heading: undefined, cell: () => 'N/A' })),
];
