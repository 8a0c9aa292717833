import { createContainer, readConfig } from './create-container.ts';
import { CREATE_FLAGS } from './create-flags.ts';
import type { Verb } from './interface.ts';

export const create: Verb = {
  usage: 'IMAGE [COMMAND] [ARG...]',
  description: 'Create a new container',
  flags: CREATE_FLAGS,
  args: [1],
  isCommandLine: true,
  async run(call) {
    const { id } = await createContainer(call, await readConfig(call, { isDetached: false }));
    call.out.line(id, { Id: id });
  },
};
