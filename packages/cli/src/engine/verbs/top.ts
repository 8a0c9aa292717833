import { tableText } from '../format/table.ts';
import { part } from './each.ts';
import type { Verb } from './interface.ts';

export const top: Verb = {
  usage: 'CONTAINER [ps OPTIONS]',
  description: 'Display the running processes of a container',
  flags: [],
  args: [1],
  isCommandLine: true,
  async run({ api, out, args: [name = '', ...options] }) {
    const { Titles, Processes } = await api.json<{
      readonly Titles: readonly string[];
      readonly Processes: readonly (readonly string[])[] | null;
    }>({ path: `/containers/${part(name)}/top`, query: { ps_args: options.join(' ') || undefined } });
    if (out.isJson) {
      for (const row of Processes ?? [])
        out.line('', Object.fromEntries(Titles.map((title, at) => [title, row[at]])));
      return;
    }
    out.say(tableText([Titles, ...(Processes ?? [])], { minWidth: 20 }));
  },
};
