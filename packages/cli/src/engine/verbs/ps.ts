import type { ApiContainerSummary } from '@berth/engine';
import { bool, FILTER, value } from '../flags/flag.ts';
import { containerColumns } from '../format/container-columns.ts';
import { filtersQuery } from './filters.ts';
import type { Verb } from './interface.ts';

export const ps: Verb = {
  usage: '',
  description: 'List containers',
  flags: [
    bool('a, all', 'Show all containers (default shows just running)'),
    FILTER,
    value('n, last', 'int', 'Show n last created containers (includes all states)'),
    bool('l, latest', 'Show the latest created container (includes all states)'),
    bool('no-trunc', "Don't truncate output"),
    bool('q, quiet', 'Only display container IDs'),
    bool('s, size', 'Display total file sizes'),
  ],
  args: [0, 0],
  async run({ api, flags, out }) {
    const last = flags.int('last') ?? -1;
    const limit = flags.bool('latest') && last < 0 ? 1 : last;
    const containers = await api.json<readonly ApiContainerSummary[]>({
      path: '/containers/json',
      query: {
        ...{ all: flags.bool('all'), size: flags.bool('size'), limit: limit > 0 ? limit : undefined },
        filters: filtersQuery(flags.list('filter')),
      },
    });
    const [isWhole, hasSize] = [flags.bool('no-trunc'), flags.bool('size')];
    out.table(containers, containerColumns({ isWhole, hasSize }), { isQuiet: flags.bool('quiet') });
  },
};
