import type { ApiImageSummary } from '@berth/engine';
import { bool, FILTER } from '../flags/flag.ts';
import { imageColumns, imageIdColumn, imageRows } from '../format/image-columns.ts';
import { filtersQuery } from './filters.ts';
import type { Verb } from './interface.ts';

export const images: Verb = {
  usage: '[REPOSITORY[:TAG]]',
  description: 'List images',
  flags: [
    bool('a, all', 'Show all images (default hides intermediate images)'),
    bool('digests', 'Show digests'),
    FILTER,
    bool('no-trunc', "Don't truncate output"),
    bool('q, quiet', 'Only show image IDs'),
  ],
  args: [0, 1],
  async run({ api, flags, out, args: [name] }) {
    const filters = filtersQuery(flags.list('filter'), name === undefined ? {} : { reference: [name] });
    const query = { all: flags.bool('all'), filters };
    const found = await api.json<readonly ApiImageSummary[]>({ path: '/images/json', query });
    const [isWhole, hasDigests] = [flags.bool('no-trunc'), flags.bool('digests')];
    const rows = imageRows(found, { hasDigests });
    const columns = imageColumns({ isWhole, hasDigests });
    if (flags.bool('quiet') && !out.isJson) out.table(rows, [imageIdColumn(isWhole)], { isQuiet: true });
    else out.table(rows, columns);
  },
};
