import { escapeHtml } from '../format.ts';
import { judgeSayings } from '../sayings/judge-sayings.ts';
import { table } from '../table.ts';
import type { Section } from './section.ts';

/** What the books say, held against the figures. */
export const books: Section = {
  name: 'books',
  render(machine, words) {
    const { heading, what, saying, verdict, figures, sayings } = words.books;
    const rows = judgeSayings({ machine, words }).map((one) => [
      sayings[one.saying],
      {
        html: `<span class="verdict ${one.verdict}">${escapeHtml(words.books[one.verdict])}</span>`,
      },
      { html: one.figures.map((line) => `<div>${escapeHtml(line)}</div>`).join('') },
    ]);
    return {
      heading,
      html: `<p>${escapeHtml(what)}</p>${table([saying, verdict, figures], rows, { stacks: true })}`,
    };
  },
};
