import { chartOf } from '../chart.ts';
import { escapeHtml } from '../format.ts';
import type { Section } from './section.ts';

export const smallFiles: Section = {
  name: 'small-files',
  render(machine, words) {
    const { heading, what, create, remove } = words.smallFiles;
    const chart = chartOf(machine, words, {
      title: words.unit.ms,
      figures: [
        [create, 'smallFiles.create.ms'],
        [remove, 'smallFiles.remove.ms'],
      ],
    });
    return {
      heading,
      html: `<p>${escapeHtml(what(machine.scale.smallFiles.toLocaleString('en')))}</p>${chart}`,
    };
  },
};
