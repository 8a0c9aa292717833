import { isApiError } from '../client/api-error.ts';
import { bool } from '../flags/flag.ts';
import { forEach, part } from './each.ts';
import type { Verb } from './interface.ts';

export const rm: Verb = {
  usage: 'CONTAINER [CONTAINER...]',
  description: 'Remove one or more containers',
  flags: [
    bool('f, force', 'Force the removal of a running container (uses SIGKILL)'),
    bool('l, link', 'Remove the specified link'),
    bool('v, volumes', 'Remove anonymous volumes associated with the container'),
  ],
  args: [1],
  run: (call) => {
    const { api, flags } = call;
    const isForced = flags.bool('force');
    return forEach(call, async (given) => {
      const name = given.replace(/^\/+/, '');
      const query = { force: isForced, v: flags.bool('volumes'), link: flags.bool('link') };
      try {
        await api.act({ method: 'DELETE', path: `/containers/${part(name)}`, query });
      } catch (error) {
        // What is not there need not be removed.
        if (isForced && isApiError(error, 404)) return undefined;
        throw error;
      }
      return given;
    });
  },
};
