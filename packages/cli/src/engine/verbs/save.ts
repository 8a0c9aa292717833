import { text } from '../flags/flag.ts';
import { writeOutput } from './files.ts';
import type { Verb } from './interface.ts';

export const save: Verb = {
  usage: 'IMAGE [IMAGE...]',
  description: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
  flags: [text('o, output', 'Write to a file, instead of STDOUT')],
  args: [1],
  run: (call) =>
    writeOutput(
      call,
      () => call.api.send({ path: '/images/get', query: { names: call.args } }),
      'save image',
    ),
};
