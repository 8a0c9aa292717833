import { forEach, part } from './each.ts';
import type { Verb } from './interface.ts';

export const wait: Verb = {
  usage: 'CONTAINER [CONTAINER...]',
  description: 'Block until one or more containers stop, then print their exit codes',
  flags: [],
  args: [1],
  run: (call) =>
    forEach(call, async (name) => {
      const request = { method: 'POST', path: `/containers/${part(name)}/wait` } as const;
      const { StatusCode } = await call.api.json<{ readonly StatusCode: number }>(request);
      return String(StatusCode);
    }),
};
