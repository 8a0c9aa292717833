import { forEach, part } from './each.ts';
import type { Verb } from './interface.ts';

export const pause: Verb = {
  usage: 'CONTAINER [CONTAINER...]',
  description: 'Pause all processes within one or more containers',
  flags: [],
  args: [1],
  run: (call) =>
    forEach(call, async (name) => {
      await call.api.act({ path: `/containers/${part(name)}/pause` });
      return name;
    }),
};

export const unpause: Verb = {
  ...pause,
  description: 'Unpause all processes within one or more containers',
  run: (call) =>
    forEach(call, async (name) => {
      await call.api.act({ path: `/containers/${part(name)}/unpause` });
      return name;
    }),
};
