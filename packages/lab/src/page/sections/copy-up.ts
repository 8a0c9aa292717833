import type { FigureName, LabMachine } from '../../interface.ts';
import { DEPTHS } from '../../interface.ts';
import { copiesAhead } from '../apart.ts';
import { chartOf } from '../chart.ts';
import { driverName, figureText, isOdd, lowDepth } from '../figures.ts';
import { bytesText, escapeHtml } from '../format.ts';
import { table } from '../table.ts';
import type { Words } from '../words.ts';
import type { Section } from './section.ts';

const UNITS = ['ms', 'takenBytes', 'writtenBytes'] as const;
const TURNS = ['first', 'second'] as const;

export const copyUp: Section = {
  name: 'copy-up',
  render(machine, words) {
    const { heading, what, taken, written, time } = words.copyUp;
    const { largeFileBytes, layers } = machine.scale;
    const chart = (title: string, unit: (typeof UNITS)[number]) =>
      chartOf(machine, words, {
        title,
        figures: DEPTHS.map((depth) => [words.depth[depth], `copyUp.${depth}.first.${unit}` as const]),
      });
    return {
      heading,
      html: [
        `<p>${escapeHtml(what(bytesText(largeFileBytes), layers))}</p>`,
        ...notes(machine, words).map((note) => `<p class="note">${escapeHtml(note)}</p>`),
        bothWrites(machine, words),
        chart(time, 'ms'),
        chart(taken, 'takenBytes'),
        chart(written, 'writtenBytes'),
      ].join(''),
    };
  },
};

function notes(machine: LabMachine, words: Words): readonly string[] {
  const { smaller, copiedAhead, firstIsOdd } = words.copyUp;
  const odd: FigureName = 'copyUp.bottom.first.ms';
  return [
    ...machine.drivers.flatMap((report) => [
      ...(report.largeFileBytes === undefined
        ? []
        : [smaller(report.driver, bytesText(report.largeFileBytes))]),
      ...(copiesAhead(machine, report) ? [copiedAhead(report.driver)] : []),
    ]),
    ...(isOdd(machine, odd) ? [firstIsOdd(words.depth.bottom, words.depth[lowDepth(machine)])] : []),
  ];
}

/** A table: what the second write costs is small, and as bars beside the first not to be seen. */
function bothWrites(machine: LabMachine, words: Words): string {
  const depth = lowDepth(machine);
  const rows = machine.drivers.map((report) => [
    driverName(report, words),
    ...TURNS.flatMap((turn) =>
      UNITS.map((unit) => figureText(report, `copyUp.${depth}.${turn}.${unit}`, words)),
    ),
  ]);
  const units = UNITS.map((unit) => words.unit[unit]);
  return table([words.driver, ...units, ...units], rows, {
    caption: words.copyUp.both(words.depth[depth]),
    groups: [['', 1], ...TURNS.map((turn) => [words.turn[turn], UNITS.length] as const)],
    figures: 2 * UNITS.length,
  });
}
