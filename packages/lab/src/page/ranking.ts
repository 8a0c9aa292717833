import type { DriverReport, FigureName, LabMachine } from '../interface.ts';
import { apartReason } from './apart.ts';
import type { ApartReason } from './apart-reason.ts';
import { isClearlyLess, timesOf } from './difference.ts';

export interface Ranked {
  readonly report: DriverReport;
  readonly value: number;
}

export interface Worst extends Ranked {
  /** How many times the least it is; missing where that is nothing. */
  readonly times?: number;
}

/** Who did best at one figure: less is better. */
export interface Ranking {
  /** The least, and all that are not clearly more; empty where nothing was measured. */
  readonly best: readonly Ranked[];
  /** The most, and of those that are not best all that are not clearly less; from the most. Empty where all are level. */
  readonly worst: readonly Worst[];
  /** All that are compared, from the least. */
  readonly order: readonly Ranked[];
  /** Shown, and compared to none. */
  readonly apart: readonly (Ranked & { readonly reason: ApartReason })[];
}

/** @param options.none what counts as nothing: those below it are level with each other */
export function rank(
  machine: LabMachine,
  figure: FigureName,
  { none = 0 }: { readonly none?: number } = {},
): Ranking {
  const all = machine.drivers.flatMap((report) => {
    const value = report.figures[figure];
    return value === undefined ? [] : [{ report, value, reason: apartReason(machine, report, figure) }];
  });
  const order = all
    .filter(({ reason }) => reason === undefined)
    .map(({ report, value }) => ({ report, value }))
    .toSorted((a, b) => a.value - b.value);
  const apart = all.flatMap(({ reason, ...one }) => (reason === undefined ? [] : [{ ...one, reason }]));
  const [first] = order;
  const last = order.at(-1);
  if (first === undefined || last === undefined) return { best: [], worst: [], order, apart };
  const isLevel = ({ value }: Ranked) => value < none || !isClearlyLess(first.value, value);
  const best = order.filter(isLevel);
  const worst = order
    .filter((one) => !isLevel(one) && !isClearlyLess(one.value, last.value))
    .toSorted((a, b) => b.value - a.value)
    .map((one): Worst => {
      const times = timesOf(one.value, first.value);
      return { ...one, ...(times === undefined ? {} : { times }) };
    });
  return { best, worst, order, apart };
}
