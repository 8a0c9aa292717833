import type { LabMachine } from '../interface.ts';
import { escapeHtml } from './format.ts';
import { acrossText, machineFacts, machineId, machineName } from './machines.ts';
import { allFigures } from './sections/all-figures.ts';
import { books } from './sections/books.ts';
import { copyUp } from './sections/copy-up.ts';
import { readers } from './sections/readers.ts';
import { rename } from './sections/rename.ts';
import type { Section } from './sections/section.ts';
import { sharers } from './sections/sharers.ts';
import { smallFiles } from './sections/small-files.ts';
import { start } from './sections/start.ts';
import { unpack } from './sections/unpack.ts';
import { which } from './sections/which.ts';
import { writers } from './sections/writers.ts';
import type { Words } from './words.ts';

const SECTIONS: readonly Section[] = [
  ...[which, books, copyUp, writers, readers, sharers, start, smallFiles, unpack, rename],
];

/** All figures of one machine: what follows from them first. */
export function machineSection(
  machine: LabMachine,
  options: { readonly words: Words; readonly at: number; readonly first: LabMachine },
): string {
  const { words, at, first } = options;
  const id = machineId(at);
  const sections = SECTIONS.map(({ name, render }) => ({ id: `${id}-${name}`, ...render(machine, words) }));
  const links = sections.map((one) => `<a href="#${one.id}">${escapeHtml(one.heading)}</a>`);
  return [
    `<section class="machine" id="${id}"><h2>${escapeHtml(words.figuresOf(machineName(machine, words)))}</h2>`,
    machine === first ? '' : `<p class="note">${escapeHtml(acrossText(machine, first, words))}</p>`,
    machineFacts(machine, words),
    `<nav aria-label="${escapeHtml(words.contents)}">${links.join('')}</nav>`,
    ...sections.map(
      (one) => `<section id="${one.id}"><h3>${escapeHtml(one.heading)}</h3>${one.html}</section>`,
    ),
    allFigures(machine, words),
    '</section>',
  ].join('\n');
}
