import { copiesAhead } from '../apart.ts';
import { chartOf } from '../chart.ts';
import { poolBlockBytesOf, reportOf } from '../figures.ts';
import { bytesText, escapeHtml } from '../format.ts';
import type { Section } from './section.ts';

export const writers: Section = {
  name: 'writers',
  render(machine, words) {
    const { heading, what, time, taken, copied, wholeBlocks } = words.writers;
    const { containers, writtenBlocks, writtenFileBytes } = machine.scale;
    const ahead = machine.drivers.filter((report) => copiesAhead(machine, report));
    const pool = reportOf(machine, 'devicemapper');
    const notes = [
      ...ahead.map(({ driver }) => copied(driver)),
      ...(pool === undefined ? [] : [wholeBlocks(pool.driver, bytesText(poolBlockBytesOf(pool)))]),
    ];
    return {
      heading,
      html: [
        `<p>${escapeHtml(what(containers, writtenBlocks, bytesText(writtenFileBytes)))}</p>`,
        ...notes.map((note) => `<p class="note">${escapeHtml(note)}</p>`),
        chartOf(machine, words, { title: time, figures: [[time, 'writers.ms']] }),
        chartOf(machine, words, { title: taken, figures: [[taken, 'writers.takenBytes']] }),
      ].join(''),
    };
  },
};
