import type { ApiVolume } from '@berth/engine';
import { list, text } from '../flags/flag.ts';
import { type Verb, VerbError } from './interface.ts';
import { pairs } from './pairs.ts';

export const volumeCreate: Verb = {
  usage: '[VOLUME]',
  description: 'Create a volume',
  flags: [
    text('d, driver', 'Specify volume driver name (default "local")'),
    list('label', 'Set metadata for a volume'),
    list('o, opt', 'Set driver specific options', { value: 'map' }),
    text('name', 'The same as the argument'),
  ],
  args: [0, 1],
  async run({ api, flags, out, args: [argument] }) {
    const named = flags.text('name');
    if (argument !== undefined && named !== undefined && named !== '') {
      throw new VerbError(
        'conflicting options: cannot specify a volume name through both --name and as a positional arg',
      );
    }
    const { Name } = await api.json<ApiVolume>({
      method: 'POST',
      path: '/volumes/create',
      json: {
        ...{ Name: argument ?? named ?? '', Driver: flags.text('driver') ?? 'local' },
        ...{ DriverOpts: pairs(flags.list('opt')), Labels: pairs(flags.list('label')) },
      },
    });
    out.line(Name, { Name });
  },
};
