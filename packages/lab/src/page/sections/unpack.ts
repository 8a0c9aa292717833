import { chartOf } from '../chart.ts';
import { imageBytes } from '../figures.ts';
import { bytesText, escapeHtml } from '../format.ts';
import type { Section } from './section.ts';

export const unpack: Section = {
  name: 'unpack',
  render(machine, words) {
    const { heading, what, unpackTime, commitTime, taken, time } = words.unpack;
    return {
      heading,
      html: [
        `<p>${escapeHtml(what(bytesText(imageBytes(machine.scale))))}</p>`,
        chartOf(machine, words, {
          title: time,
          figures: [
            [unpackTime, 'unpack.ms'],
            [commitTime, 'commit.ms'],
          ],
        }),
        chartOf(machine, words, { title: taken, figures: [[taken, 'unpack.takenBytes']] }),
      ].join(''),
    };
  },
};
