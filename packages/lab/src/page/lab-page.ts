import type { DriverReport, FigureName, LabMachine, LabReport } from '../interface.ts';
import { DEPTHS, STACKS } from '../interface.ts';
import { barChart } from './bar-chart.ts';
import { bytesText, escapeHtml, msText } from './format.ts';
import { judgeSayings } from './sayings.ts';
import { PAGE_STYLE } from './style.ts';
import type { Words } from './words.ts';

export interface LabPageOptions {
  readonly words: Words;
  /** The same page in the other language: file name and name of the language. */
  readonly other?: { readonly href: string; readonly name: string };
  /** File name of the report. */
  readonly json: string;
}

/** The report as one page that needs nothing else: charts, tables and what follows from them. */
export function labPage(report: LabReport, options: LabPageOptions): string {
  const { words, other, json } = options;
  const switcher =
    other === undefined
      ? ''
      : `<a class="other" href="${escapeHtml(other.href)}">${escapeHtml(other.name)}</a>`;
  const body = [
    `<header>${switcher}<h1>${words.title}</h1><p>${words.intro}</p></header>`,
    ...report.machines.map((machine, at) => machineSection(machine, { words, isFirst: at === 0, at })),
    `<p><a href="${escapeHtml(json)}" download>${words.download}</a></p>`,
  ];
  return [
    `<!doctype html><html lang="${words.language}"><head><meta charset="utf-8">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${words.title}</title><style>${PAGE_STYLE}</style></head><body><main>${body.join('\n')}</main></body></html>\n`,
  ].join('');
}

interface SectionOptions {
  readonly words: Words;
  readonly isFirst: boolean;
  readonly at: number;
}

function machineSection(machine: LabMachine, { words, isFirst, at }: SectionOptions): string {
  const id = (name: string) => `m${at}-${name}`;
  const sections = SECTIONS.map(({ name, render }) => ({ name, ...render(machine, words) }));
  const books = booksSection(machine, words);
  const links = [
    ...sections.map(({ name, heading }) => ({ name, heading })),
    { name: 'books', heading: words.books.heading },
  ];
  return [
    `<section class="machine"><h2>${escapeHtml(words.figuresOf(words.machineName[machine.name] ?? machine.name))}</h2>`,
    isFirst ? '' : `<p class="note">${words.onlySameKernel}</p>`,
    machineFacts(machine, words),
    `<nav aria-label="${words.contents}">${links.map(({ name, heading }) => `<a href="#${id(name)}">${heading}</a>`).join('')}</nav>`,
    ...sections.map(
      ({ name, heading, html }) => `<section id="${id(name)}"><h3>${heading}</h3>${html}</section>`,
    ),
    `<section id="${id('books')}"><h3>${words.books.heading}</h3>${books}</section>`,
    rawTable(machine, words),
    '</section>',
  ].join('\n');
}

function machineFacts(machine: LabMachine, words: Words): string {
  const facts = [
    [words.kernel, `Linux ${machine.kernel}`],
    [words.processor, `${machine.processor}, ${words.cores(machine.cores)}`],
    [words.memory, bytesText(machine.memoryBytes)],
    [words.fileSystem, machine.fileSystem],
    [words.takenAt, machine.takenAt.slice(0, 16).replace('T', ' ')],
  ];
  const skipped = machine.skipped.map(
    ({ driver, cause, fix }) => `<li><b>${escapeHtml(driver)}</b>: ${escapeHtml(`${cause}. ${fix}`)}</li>`,
  );
  return [
    `<dl>${facts.map(([term = '', text = '']) => `<div><dt>${term}</dt><dd>${escapeHtml(text)}</dd></div>`).join('')}</dl>`,
    skipped.length === 0
      ? ''
      : `<p class="note">${words.skipped}:</p><ul class="note">${skipped.join('')}</ul>`,
  ].join('');
}

interface Section {
  readonly name: string;
  readonly render: (machine: LabMachine, words: Words) => { readonly heading: string; readonly html: string };
}

/** Drivers whose containers have a copy of everything before they write. */
const COPIES_AHEAD = ['vfs'] as const;

const SECTIONS: readonly Section[] = [
  {
    name: 'copy-up',
    render(machine, words) {
      const { heading, what, taken, written, time, smaller } = words.copyUp;
      const { largeFileBytes, layers } = machine.scale;
      const chart = (title: string, turn: 'first' | 'second', unit: 'takenBytes' | 'writtenBytes' | 'ms') =>
        chartOf(machine, words, {
          title,
          figures: DEPTHS.map((depth) => [words.depth[depth], `copyUp.${depth}.${turn}.${unit}` as const]),
          format: unit === 'ms' ? msText : bytesText,
        });
      const others = machine.drivers.flatMap(({ driver, largeFileBytes: bytes }) =>
        bytes === undefined ? [] : [`<p class="note">${escapeHtml(smaller(driver, bytesText(bytes)))}</p>`],
      );
      return {
        heading,
        html: [
          `<p>${escapeHtml(what(bytesText(largeFileBytes), layers))}</p>`,
          ...others,
          chart(taken, 'first', 'takenBytes'),
          chart(written, 'first', 'writtenBytes'),
          chart(time, 'first', 'ms'),
          secondWrites(machine, words),
        ].join(''),
      };
    },
  },
  {
    name: 'writers',
    render(machine, words) {
      const { heading, what, time, taken, copied } = words.writers;
      const { containers, writtenBlocks, writtenFileBytes } = machine.scale;
      return {
        heading,
        html: [
          `<p>${escapeHtml(what(containers, writtenBlocks, bytesText(writtenFileBytes)))}</p>`,
          ...COPIES_AHEAD.filter((name) => machine.drivers.some(({ driver }) => driver === name)).map(
            (name) => `<p class="note">${escapeHtml(copied(name))}</p>`,
          ),
          chartOf(machine, words, { title: time, figures: [[time, 'writers.ms']], format: msText }),
          chartOf(machine, words, {
            title: taken,
            figures: [[taken, 'writers.takenBytes']],
            format: bytesText,
          }),
        ].join(''),
      };
    },
  },
  {
    name: 'readers',
    render(machine, words) {
      const { heading, what, time, cold, warm } = words.readers;
      const { containers, openedFiles } = machine.scale;
      return {
        heading,
        html: [
          `<p>${escapeHtml(what(containers, openedFiles.toLocaleString('en')))}</p>`,
          chartOf(machine, words, {
            title: time,
            figures: [
              [cold, 'readers.cold.ms'],
              [warm, 'readers.warm.ms'],
            ],
            format: msText,
          }),
        ].join(''),
      };
    },
  },
  {
    name: 'sharers',
    render(machine, words) {
      const { heading, what, disk, memory, memoryWhy } = words.sharers;
      const { sharers } = machine.scale;
      return {
        heading,
        html: [
          `<p>${escapeHtml(what(sharers, imageSize(machine)))}</p>`,
          chartOf(machine, words, {
            title: disk,
            figures: [[disk, 'sharers.fresh.takenBytes']],
            format: bytesText,
          }),
          chartOf(machine, words, {
            title: memory,
            figures: [[memory, 'sharers.memoryBytes']],
            format: bytesText,
          }),
          `<p class="note">${memoryWhy}</p>`,
        ].join(''),
      };
    },
  },
  {
    name: 'start',
    render(machine, words) {
      const { heading, what, time, layers } = words.start;
      const figures = STACKS.map((count) => [layers(count), `start.${count}.ms` as const] as const);
      return {
        heading,
        html: `<p>${what}</p>${chartOf(machine, words, { title: time, figures, format: msText })}`,
      };
    },
  },
  {
    name: 'small-files',
    render(machine, words) {
      const { heading, what, create, remove } = words.smallFiles;
      return {
        heading,
        html: [
          `<p>${escapeHtml(what(machine.scale.smallFiles.toLocaleString('en')))}</p>`,
          chartOf(machine, words, {
            title: words.start.time,
            figures: [
              [create, 'smallFiles.create.ms'],
              [remove, 'smallFiles.remove.ms'],
            ],
            format: msText,
          }),
        ].join(''),
      };
    },
  },
  {
    name: 'unpack',
    render(machine, words) {
      const { heading, what, unpackTime, commitTime, time } = words.unpack;
      return {
        heading,
        html: [
          `<p>${escapeHtml(what(imageSize(machine)))}</p>`,
          chartOf(machine, words, {
            title: time,
            figures: [
              [unpackTime, 'unpack.ms'],
              [commitTime, 'commit.ms'],
            ],
            format: msText,
          }),
        ].join(''),
      };
    },
  },
  {
    name: 'rename',
    render(machine, words) {
      const { heading, what, works, refused } = words.rename;
      const rows = machine.drivers.map((one) => [
        driverName(one, words),
        one.figures['rename.ms'] === undefined
          ? refused(one.refused['rename.ms'] ?? '')
          : works(msText(one.figures['rename.ms'])),
      ]);
      return { heading, html: `<p>${what}</p>${table([words.driver, ''], rows)}` };
    },
  },
];

function imageSize({ scale }: LabMachine): string {
  return bytesText(scale.writtenFileBytes + scale.openedFiles * 2000);
}

interface ChartOptions {
  readonly title: string;
  readonly figures: readonly (readonly [label: string, figure: FigureName])[];
  readonly format: (value: number) => string;
}

function chartOf(machine: LabMachine, words: Words, { title, figures, format }: ChartOptions): string {
  return barChart({
    ...{ title, format, missing: words.missing },
    rows: machine.drivers.map(({ driver, note }) => ({ label: driver, note: noteText(note, words) })),
    series: figures.map(([label, figure]) => ({
      label,
      values: machine.drivers.map((one) => one.figures[figure]),
    })),
  });
}

/** A table: after the first write all are alike, and bars of equal length tell nothing. */
function secondWrites(machine: LabMachine, words: Words): string {
  const rows = machine.drivers.map((one) => [
    driverName(one, words),
    ...(['first', 'second'] as const).flatMap((turn) => [
      shown(one.figures[`copyUp.bottom.${turn}.ms`], msText, words),
      shown(one.figures[`copyUp.bottom.${turn}.takenBytes`], bytesText, words),
    ]),
  ]);
  const { first, second, space, depth } = words;
  return table([`${words.driver} (${depth.bottom})`, first, space, second, space], rows);
}

function booksSection(machine: LabMachine, words: Words): string {
  const { books } = words;
  const rows = judgeSayings({ machine, words }).map(({ saying, verdict, figures }) => [
    books.sayings[saying],
    { html: `<span class="verdict ${verdict}">${books[verdict]}</span>` },
    figures.join('; '),
  ]);
  return `<p>${books.what}</p>${table([books.saying, books.verdict, books.figures], rows)}`;
}

function rawTable(machine: LabMachine, words: Words): string {
  const names = [...new Set(machine.drivers.flatMap(({ figures }) => Object.keys(figures)))] as FigureName[];
  const rows = names.map((name) => [
    name,
    ...machine.drivers.map(({ figures }) =>
      shown(figures[name], name.endsWith('.ms') ? msText : bytesText, words),
    ),
  ]);
  const head = ['', ...machine.drivers.map((one) => driverName(one, words))];
  return `<details><summary>${words.raw}</summary>${table(head, rows)}</details>`;
}

function shown(value: number | undefined, format: (value: number) => string, words: Words): string {
  return value === undefined ? words.missing : format(value);
}

function driverName({ driver, note }: DriverReport, words: Words): string {
  return note === undefined ? driver : words.driverAside(driver, noteText(note, words) ?? '');
}

function noteText(note: string | undefined, words: Words): string | undefined {
  return note === undefined ? undefined : (words.note[note] ?? note);
}

type Cell = string | { readonly html: string };

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cell = (one: Cell) => `<td>${typeof one === 'string' ? escapeHtml(one) : one.html}</td>`;
  return [
    `<div class="table"><table><thead><tr>${head.map((one) => `<th>${escapeHtml(one)}</th>`).join('')}</tr></thead>`,
    `<tbody>${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('')}</tbody></table></div>`,
  ].join('');
}
