import { isApiError } from '../client/api-error.ts';
import { part } from './each.ts';
import { type Verb, VerbError } from './interface.ts';

export const rename: Verb = {
  usage: 'CONTAINER NEW_NAME',
  description: 'Rename a container',
  flags: [],
  args: [2, 2],
  async run({ api, args: [from = '', to = ''] }) {
    try {
      await api.act({ path: `/containers/${part(from)}/rename`, query: { name: to } });
    } catch (error) {
      if (!isApiError(error)) throw error;
      throw new VerbError(`${error.words}\nError: failed to rename container named ${from}`);
    }
  },
};
