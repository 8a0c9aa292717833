import { bool } from '../flags/flag.ts';
import { forEach, part } from './each.ts';
import type { Verb } from './interface.ts';

export const volumeRm: Verb = {
  usage: 'VOLUME [VOLUME...]',
  description: 'Remove one or more volumes. You cannot remove a volume that is in use by a container.',
  flags: [bool('f, force', 'Force the removal of one or more volumes')],
  args: [1],
  run: (call) =>
    forEach(call, async (name) => {
      const query = { force: call.flags.bool('force') };
      await call.api.act({ method: 'DELETE', path: `/volumes/${part(name)}`, query });
      return name;
    }),
};
