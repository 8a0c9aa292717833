import { text } from '../flags/flag.ts';
import { forEach, part } from './each.ts';
import type { Verb } from './interface.ts';

export const kill: Verb = {
  usage: 'CONTAINER [CONTAINER...]',
  description: 'Kill one or more running containers',
  flags: [text('s, signal', 'Signal to send to the container')],
  args: [1],
  run: (call) =>
    forEach(call, async (name) => {
      const query = { signal: call.flags.text('signal') };
      await call.api.act({ path: `/containers/${part(name)}/kill`, query });
      return name;
    }),
};
