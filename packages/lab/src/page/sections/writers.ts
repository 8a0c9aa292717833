import { copiesAhead } from '../apart.ts';
import { chartOf } from '../chart.ts';
import { bytesText, escapeHtml } from '../format.ts';
import type { Section } from './section.ts';

export const writers: Section = {
  name: 'writers',
  render(machine, words) {
    const { heading, what, time, taken, copied } = words.writers;
    const { containers, writtenBlocks, writtenFileBytes } = machine.scale;
    const ahead = machine.drivers.filter((report) => copiesAhead(machine, report));
    return {
      heading,
      html: [
        `<p>${escapeHtml(what(containers, writtenBlocks, bytesText(writtenFileBytes)))}</p>`,
        ...ahead.map(({ driver }) => `<p class="note">${escapeHtml(copied(driver))}</p>`),
        chartOf(machine, words, { title: time, figures: [[time, 'writers.ms']] }),
        chartOf(machine, words, { title: taken, figures: [[taken, 'writers.takenBytes']] }),
      ].join(''),
    };
  },
};
