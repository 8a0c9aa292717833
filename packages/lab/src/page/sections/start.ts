import { STACKS } from '../../interface.ts';
import { chartOf } from '../chart.ts';
import { escapeHtml } from '../format.ts';
import type { Section } from './section.ts';

export const start: Section = {
  name: 'start',
  render(machine, words) {
    const { heading, what, time, layers } = words.start;
    const figures = STACKS.map((count) => [layers(count), `start.${count}.ms` as const] as const);
    return {
      heading,
      html: `<p>${escapeHtml(what)}</p>${chartOf(machine, words, { title: time, figures })}`,
    };
  },
};
