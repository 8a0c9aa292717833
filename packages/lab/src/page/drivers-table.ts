import { DRIVERS, type DriverEntry } from '@berth/storage';
import type { LabReport } from '../interface.ts';
import { noteText, reportOf } from './figures.ts';
import { escapeHtml } from './format.ts';
import { machineLink, unmeasuredDrivers } from './machines.ts';
import { type Cell, table } from './table.ts';
import type { DriverWords, Words } from './words.ts';

/** What each driver is before anything is measured, in the words of the drivers themselves, and where there are figures of it. */
export function driversTable(report: LabReport, words: Words): string {
  const { heading, what, of, kernel, deprecated, notDeprecated, prefer, measured } = words.drivers;
  const rows = DRIVERS.map((entry): readonly Cell[] => {
    const said = of(entry);
    return [
      { html: `<b>${entry.name}</b><p>${escapeHtml(said.summary)}</p>` },
      kernelCell(entry, said, words),
      said.deprecated ?? notDeprecated,
      said.prefer,
      measuredCell(entry, report, words),
    ];
  });
  return [
    `<section id="drivers"><h2>${escapeHtml(heading)}</h2><p>${escapeHtml(what)}</p>`,
    table([words.driver, kernel, deprecated, prefer, measured], rows, { stacks: true }),
    '</section>',
  ].join('');
}

function kernelCell({ support }: DriverEntry, said: DriverWords, words: Words): Cell {
  const { since, never, anyKernel, needs } = words.drivers;
  const { isInMainline, mainlineSince } = support;
  const known = mainlineSince === undefined ? anyKernel : since(mainlineSince);
  const needed =
    isInMainline && mainlineSince === undefined ? '' : `<small>${escapeHtml(needs(said.kernel))}</small>`;
  return { html: `${escapeHtml(isInMainline ? known : never)}${needed}` };
}

function measuredCell({ name }: DriverEntry, { machines }: LabReport, words: Words): Cell {
  const places = machines.map((machine, at) => {
    const link = machineLink(machine, at, words);
    const found = reportOf(machine, name);
    if (found !== undefined) {
      return found.note === undefined ? link : words.aside(link, escapeHtml(noteText(found.note, words)));
    }
    const cause = unmeasuredDrivers(machine, words).find(({ driver }) => driver === name)?.cause ?? '';
    return `<span class="soft">${words.drivers.notOn(link, escapeHtml(cause))}</span>`;
  });
  return { html: places.map((place) => `<div>${place}</div>`).join('') };
}
