import type { DriverReport, FigureName, LabMachine } from '../interface.ts';
import { apartReason } from './apart.ts';
import { type Bar, barChart } from './bar-chart.ts';
import { timesOf } from './difference.ts';
import { figureText, isOdd, noteText } from './figures.ts';
import { factorText } from './format.ts';
import { rank } from './ranking.ts';
import type { Words } from './words.ts';

export interface ChartOptions {
  readonly title: string;
  readonly figures: readonly (readonly [label: string, figure: FigureName])[];
}

/** Figures of all drivers of a machine, each with how many times the least of its kind it is. */
export function chartOf(machine: LabMachine, words: Words, { title, figures }: ChartOptions): string {
  const rows = machine.drivers.map((report) => ({
    label: report.driver,
    notes: notesOf(machine, report, { words, figures: figures.map(([, figure]) => figure) }),
  }));
  const series = figures.map(([label, figure]) => ({
    label,
    bars: machine.drivers.map((report) => barOf(machine, report, { figure, words })),
  }));
  return barChart({ title, driver: words.driver, colon: words.colon, rows, series });
}

function barOf(
  machine: LabMachine,
  report: DriverReport,
  { figure, words }: { readonly figure: FigureName; readonly words: Words },
): Bar {
  const value = report.figures[figure];
  const text = figureText(report, figure, words);
  if (value === undefined || isOdd(machine, figure)) return { value, text };
  const reason = apartReason(machine, report, figure);
  if (reason !== undefined) return { value, text: reason === 'cutOff' ? words.atLeast(text) : text };
  const times = timesOf(value, rank(machine, figure).best[0]?.value ?? 0);
  return { value, text: times === undefined ? text : words.aside(text, words.times(factorText(times))) };
}

/** What it ran through, and why it is not compared. */
function notesOf(
  machine: LabMachine,
  report: DriverReport,
  { words, figures }: { readonly words: Words; readonly figures: readonly FigureName[] },
): readonly string[] {
  const reasons = new Set(figures.flatMap((figure) => apartReason(machine, report, figure) ?? []));
  return [
    ...(report.note === undefined ? [] : [noteText(report.note, words)]),
    ...[...reasons].map((reason) => words.apart[reason]),
  ];
}
