import type { ApiEvent } from '@berth/engine';
import { FILTER, text } from '../flags/flag.ts';
import { rfc3339Nano } from '../format/times.ts';
import { filtersQuery } from './filters.ts';
import type { Verb } from './interface.ts';
import { moment } from './moment.ts';

export const events: Verb = {
  usage: '',
  description: 'Get real time events from the server',
  flags: [
    FILTER,
    text('since', 'Show all events created since timestamp'),
    text('until', 'Stream events until this timestamp'),
  ],
  args: [0, 0],
  async run({ api, flags, out }) {
    const query = {
      filters: filtersQuery(flags.list('filter')),
      since: moment('since', flags.text('since')),
      until: moment('until', flags.text('until')),
    };
    for await (const event of api.lines<ApiEvent>({ path: '/events', query })) {
      out.line(eventText(event), {
        ...event,
        Actor: { ...event.Actor, Attributes: sorted(event.Actor.Attributes) },
      });
    }
  },
};

/** `2026-11-26T15:32:56.629000000Z container pause 0405… (image=small:1, name=web)`. */
function eventText({ Type, Action, Actor, time, timeNano }: ApiEvent): string {
  // As the engine wrote them: a double's digits are more than it knows.
  const whole = timeNano === 0 ? BigInt(time) * 1_000_000_000n : BigInt(String(timeNano));
  const attributes = Object.entries(sorted(Actor.Attributes))
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
  return `${rfc3339Nano(whole)} ${Type} ${Action} ${Actor.ID}${attributes === '' ? '' : ` (${attributes})`}`;
}

/** In the order of their names, as Go writes them. */
function sorted(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
}
