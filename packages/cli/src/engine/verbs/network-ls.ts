import { bool, FILTER } from '../flags/flag.ts';
import { naturalOrder } from '../format/natural-order.ts';
import { type Column, shortId } from '../format/table.ts';
import { filtersQuery } from './filters.ts';
import type { Verb } from './interface.ts';

interface Network {
  readonly Id: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
}

export const networkLs: Verb = {
  usage: '',
  description: 'List networks',
  flags: [
    FILTER,
    bool('no-trunc', 'Do not truncate the output'),
    bool('q, quiet', 'Only display network IDs'),
  ],
  args: [0, 0],
  async run({ api, flags, out }) {
    const query = { filters: filtersQuery(flags.list('filter')) };
    const networks = await api.json<readonly Network[]>({ path: '/networks', query });
    const sorted = [...networks].sort((a, b) => naturalOrder(a.Name, b.Name));
    const columns: readonly Column<Network>[] = [
      { name: 'ID', heading: 'NETWORK ID', cell: ({ Id }) => (flags.bool('no-trunc') ? Id : shortId(Id)) },
      { name: 'Name', heading: 'NAME', cell: ({ Name }) => Name },
      { name: 'Driver', heading: 'DRIVER', cell: ({ Driver }) => Driver },
      { name: 'Scope', heading: 'SCOPE', cell: ({ Scope }) => Scope },
    ];
    out.table(sorted, columns, { isQuiet: flags.bool('quiet') });
  },
};
