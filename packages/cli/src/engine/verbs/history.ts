import type { ApiHistoryItem } from '@berth/engine';
import { bool } from '../flags/flag.ts';
import { humanSize } from '../format/sizes.ts';
import { type Column, ellipsis, shortId } from '../format/table.ts';
import { ago, rfc3339 } from '../format/times.ts';
import { part } from './each.ts';
import type { Verb } from './interface.ts';

const COMMAND_RUNES = 45;

export const history: Verb = {
  usage: 'IMAGE',
  description: 'Show the history of an image',
  flags: [
    bool('H, human', 'Print sizes and dates in human readable format', true),
    bool('no-trunc', "Don't truncate output"),
    bool('q, quiet', 'Only show image IDs'),
  ],
  args: [1, 1],
  async run({ api, flags, out, args: [name = ''] }) {
    const items = await api.json<readonly ApiHistoryItem[]>({ path: `/images/${part(name)}/history` });
    const columns = historyColumns({ isWhole: flags.bool('no-trunc'), isHuman: flags.bool('human') });
    out.table(items, columns, { isQuiet: flags.bool('quiet') });
  },
};

function historyColumns({
  isWhole,
  isHuman,
}: {
  readonly isWhole: boolean;
  readonly isHuman: boolean;
}): readonly Column<ApiHistoryItem>[] {
  const at = ({ Created }: ApiHistoryItem) => (Created === 0 ? '' : rfc3339(new Date(Created * 1000)));
  const since = ({ Created }: ApiHistoryItem) => (Created === 0 ? 'N/A' : ago(new Date(Created * 1000)));
  const created: Column<ApiHistoryItem> = { name: 'CreatedSince', heading: 'CREATED', cell: since };
  const createdAt: Column<ApiHistoryItem> = { name: 'CreatedAt', heading: 'CREATED AT', cell: at };
  const [shown, hidden] = isHuman ? [created, createdAt] : [createdAt, created];
  return [
    { name: 'ID', heading: 'IMAGE', cell: ({ Id }) => (isWhole ? Id : shortId(Id)) },
    shown,
    {
      name: 'CreatedBy',
      heading: 'CREATED BY',
      cell: ({ CreatedBy }) => {
        const line = CreatedBy.replaceAll('\t', ' ');
        return isWhole ? line : ellipsis(line, COMMAND_RUNES);
      },
    },
    { name: 'Size', heading: 'SIZE', cell: ({ Size }) => (isHuman ? humanSize(Size, 3) : String(Size)) },
    { name: 'Comment', heading: 'COMMENT', cell: ({ Comment }) => Comment },
    { ...hidden, heading: undefined },
  ];
}
