import { chartOf } from '../chart.ts';
import { imageBytes } from '../figures.ts';
import { bytesText, escapeHtml } from '../format.ts';
import { cachedImageBytes, hasMemoryCeiling } from '../memory-ceiling.ts';
import type { Section } from './section.ts';

export const sharers: Section = {
  name: 'sharers',
  render(machine, words) {
    const { heading, what, disk, memory, memoryWhy, cutOff } = words.sharers;
    const { scale, memoryBytes } = machine;
    const copies = scale.sharers * cachedImageBytes(scale);
    return {
      heading,
      html: [
        `<p>${escapeHtml(what(scale.sharers, bytesText(imageBytes(scale))))}</p>`,
        chartOf(machine, words, { title: disk, figures: [[disk, 'sharers.fresh.takenBytes']] }),
        chartOf(machine, words, { title: memory, figures: [[memory, 'sharers.memoryBytes']] }),
        hasMemoryCeiling(machine)
          ? `<p class="note">${escapeHtml(cutOff(scale.sharers, bytesText(copies), bytesText(memoryBytes)))}</p>`
          : '',
        `<p class="note">${escapeHtml(memoryWhy)}</p>`,
      ].join(''),
    };
  },
};
