import type { ApiContainerSummary } from '@berth/engine';
import { isApiError } from '../client/api-error.ts';
import { bool } from '../flags/flag.ts';
import { type Sample, type StatsRow, statsColumns } from '../format/stats-columns.ts';
import { part } from './each.ts';
import { type Verb, type VerbCall, VerbError } from './interface.ts';

const CLEAR = '\u001b[H\u001b[J';

export const stats: Verb = {
  usage: '[CONTAINER...]',
  description: 'Display a live stream of container(s) resource usage statistics',
  flags: [
    bool('a, all', 'Show all containers (default shows just running)'),
    bool('no-stream', 'Disable streaming stats and only pull the first result'),
    bool('no-trunc', 'Do not truncate output'),
  ],
  args: [0],
  async run(call) {
    const { flags, out, args, context } = call;
    const isOnce = flags.bool('no-stream');
    const columns = statsColumns({ isWhole: flags.bool('no-trunc') });
    // Named ones must be there; of all there are, each round asks anew, so that those that come and go are seen.
    for (;;) {
      const names = args.length > 0 ? args : await running(call);
      const rows = await Promise.all(names.map((name) => sampleOf(call, name)));
      const there = rows.filter((row) => row !== undefined);
      if (!isOnce && context.stdout.isTTY && !out.isJson) context.stdout.write(CLEAR);
      out.table(there, columns);
      if (isOnce) return;
      context.signal.throwIfAborted();
    }
  },
};

async function running({ api, flags }: VerbCall): Promise<readonly string[]> {
  const query = { all: flags.bool('all') };
  const containers = await api.json<readonly ApiContainerSummary[]>({ path: '/containers/json', query });
  return containers.map(({ Id }) => Id);
}

/** Over two samples, which the engine takes a second apart: the rounds have its pace. */
async function sampleOf({ api, args }: VerbCall, name: string): Promise<StatsRow | undefined> {
  try {
    const sample = await api.json<Sample>({
      path: `/containers/${part(name)}/stats`,
      query: { stream: '0' },
    });
    return { name, sample };
  } catch (error) {
    if (!isApiError(error, 404)) throw error;
    if (args.length > 0) throw new VerbError(error.words);
    return undefined;
  }
}
