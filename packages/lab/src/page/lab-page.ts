import { DRIVERS } from '@berth/storage';
import type { DriverReport, LabMachine, LabReport } from '../interface.ts';
import { driversTable } from './drivers-table.ts';
import { escapeHtml } from './format.ts';
import { machineSection } from './machine-section.ts';
import { acrossText, machineLink } from './machines.ts';
import { PAGE_STYLE } from './style.ts';
import type { Words } from './words.ts';

export interface LabPageOptions {
  readonly words: Words;
  /** The same page in the other language: file name and name of the language. */
  readonly other?: { readonly href: string; readonly name: string };
  /** File name of the report. */
  readonly json: string;
}

/** A value stays in one line. */
const UNIT_AFTER_NUMBER = /(?<=\d) (?=(?:[KMGT]?i?B|ms|s|×|倍|核)(?![\p{L}\d]))/gu;

/** The report as one page that needs nothing else: what the drivers are, charts, tables and what follows from them. */
export function labPage(given: LabReport, options: LabPageOptions): string {
  const { words, other, json } = options;
  const report = { ...given, machines: given.machines.map(inOrder) };
  const [first] = report.machines;
  const switcher =
    other === undefined
      ? ''
      : `<a class="other" href="${escapeHtml(other.href)}">${escapeHtml(other.name)}</a>`;
  const body = [
    `<header>${switcher}<h1>${escapeHtml(words.title)}</h1>${introduction(report, words)}</header>`,
    driversTable(report, words),
    ...report.machines.map((machine, at) => machineSection(machine, { words, at, first: first ?? machine })),
    glossary(words),
    `<p><a href="${escapeHtml(json)}" download>${escapeHtml(words.download)}</a></p>`,
  ];
  const page = [
    `<!doctype html><html lang="${words.language}"><head><meta charset="utf-8">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(words.title)}</title><style>${PAGE_STYLE}</style></head><body><main>${body.join('\n')}</main></body></html>\n`,
  ].join('');
  return page.replaceAll(UNIT_AFTER_NUMBER, '\u00a0');
}

/** The same in all charts, whatever the order in which they were measured. */
function inOrder(machine: LabMachine): LabMachine {
  const place = ({ driver }: DriverReport) => {
    const at = DRIVERS.findIndex(({ name }) => name === driver);
    return at < 0 ? DRIVERS.length : at;
  };
  return { ...machine, drivers: machine.drivers.toSorted((a, b) => place(a) - place(b)) };
}

/** What was done where; nothing that is not true of this report. */
function introduction({ machines }: LabReport, words: Words): string {
  const { what, one, several, smaller, rules } = words.intro;
  const links = machines.map((machine, at) => machineLink(machine, at, words));
  const [first, ...others] = machines;
  const reduced = machines.flatMap(({ drivers }) =>
    drivers.filter(({ largeFileBytes }) => largeFileBytes !== undefined).map(({ driver }) => driver),
  );
  const done = links.length === 1 ? one(links[0] ?? '') : several(links);
  const sentences = [
    ...(reduced.length === 0 ? [] : [smaller(words.list([...new Set(reduced)]))]),
    ...(first === undefined ? [] : others.map((machine) => acrossText(machine, first, words))),
  ];
  return [
    `<p>${escapeHtml(what)}</p>`,
    `<p>${[done, ...sentences.map(escapeHtml)].join(words.gap)}</p>`,
    `<p>${escapeHtml(rules)}</p>`,
  ].join('');
}

function glossary({ terms }: Words): string {
  const entries = terms.entries.map(
    ([term, meaning]) => `<div><dt>${escapeHtml(term)}</dt><dd>${escapeHtml(meaning)}</dd></div>`,
  );
  return `<section id="terms"><h2>${escapeHtml(terms.heading)}</h2><dl class="terms">${entries.join('')}</dl></section>`;
}
