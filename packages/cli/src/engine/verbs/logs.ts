import type { ApiContainerInspect } from '@berth/engine';
import { OutputWriter } from '../client/output-writer.ts';
import { bool, text } from '../flags/flag.ts';
import { part } from './each.ts';
import type { Verb } from './interface.ts';
import { moment } from './moment.ts';

export const logs: Verb = {
  usage: 'CONTAINER',
  description: 'Fetch the logs of a container',
  flags: [
    bool('details', 'Show extra details provided to logs'),
    bool('f, follow', 'Follow log output'),
    text(
      'since',
      'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    ),
    text('n, tail', 'Number of lines to show from the end of the logs (default "all")'),
    bool('t, timestamps', 'Show timestamps'),
    text(
      'until',
      'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    ),
  ],
  args: [1, 1],
  async run({ api, flags, out, args: [name = ''] }) {
    const container = await api.json<ApiContainerInspect>({ path: `/containers/${part(name)}/json` });
    const answer = await api.send({
      path: `/containers/${part(container.Id)}/logs`,
      query: {
        ...{ stdout: true, stderr: true, follow: flags.bool('follow'), timestamps: flags.bool('timestamps') },
        ...{ details: flags.bool('details'), tail: flags.text('tail') ?? 'all' },
        ...{ since: moment('since', flags.text('since')), until: moment('until', flags.text('until')) },
      },
    });
    const writer = new OutputWriter(out, { isTerminal: container.Config.Tty === true });
    for await (const chunk of answer as AsyncIterable<Buffer>) await writer.write(chunk);
  },
};
