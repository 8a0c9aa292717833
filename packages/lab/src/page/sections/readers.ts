import { chartOf } from '../chart.ts';
import { escapeHtml } from '../format.ts';
import type { Section } from './section.ts';

export const readers: Section = {
  name: 'readers',
  render(machine, words) {
    const { heading, what, time, cold, warm } = words.readers;
    const { containers, openedFiles } = machine.scale;
    const chart = chartOf(machine, words, {
      title: time,
      figures: [
        [cold, 'readers.cold.ms'],
        [warm, 'readers.warm.ms'],
      ],
    });
    return {
      heading,
      html: `<p>${escapeHtml(what(containers, openedFiles.toLocaleString('en')))}</p>${chart}`,
    };
  },
};
