import { text, value } from '../flags/flag.ts';
import { forEach, part } from './each.ts';
import type { Verb, VerbCall } from './interface.ts';

const flags = [
  text('s, signal', 'Signal to send to the container'),
  value('t, timeout', 'int', 'Seconds to wait before killing the container'),
  // Docker's older name.
  value('time', 'int', 'The same as --timeout'),
];

export const stop: Verb = {
  usage: 'CONTAINER [CONTAINER...]',
  description: 'Stop one or more running containers',
  flags,
  args: [1],
  run: (call) => ended(call, 'stop'),
};

export const restart: Verb = {
  ...stop,
  description: 'Restart one or more containers',
  run: (call) => ended(call, 'restart'),
};

async function ended(call: VerbCall, what: 'stop' | 'restart'): Promise<void> {
  const { api, flags: given } = call;
  const query = { t: given.int('timeout') ?? given.int('time'), signal: given.text('signal') };
  await forEach(call, async (name) => {
    await api.act({ path: `/containers/${part(name)}/${what}`, query });
    return name;
  });
}
