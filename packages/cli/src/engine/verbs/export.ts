import { text } from '../flags/flag.ts';
import { part } from './each.ts';
import { writeOutput } from './files.ts';
import type { Verb } from './interface.ts';

export const exportVerb: Verb = {
  usage: 'CONTAINER',
  description: "Export a container's filesystem as a tar archive",
  flags: [text('o, output', 'Write to a file, instead of STDOUT')],
  args: [1, 1],
  run: (call) => {
    const path = `/containers/${part(call.args[0] ?? '')}/export`;
    return writeOutput(call, () => call.api.send({ path }), 'export container');
  },
};
