import type { FigureName } from '../../interface.ts';
import { apartReason } from '../apart.ts';
import { isClearlyLess } from '../difference.ts';
import { driverName } from '../figures.ts';
import { bytesText, msText } from '../format.ts';
import { rank } from '../ranking.ts';
import {
  BLOCK_LEVEL,
  type Case,
  isThroughFuse,
  type Judge,
  lacking,
  lackingAll,
  OVERLAYS,
  reportsOf,
  type Verdict,
  verdictOf,
} from './verdict.ts';

const FILE_LEVEL = [...OVERLAYS, 'aufs'] as const;
const BLOCK_BYTES = 4096;

/** Held when each block-level driver is clearly before each that copies files. Who was first is said, whoever it was. */
export const blocksWinHeavyWrites: Judge = (given) => {
  const figure = 'writers.ms';
  const blocks = timed(given, BLOCK_LEVEL, figure);
  const files = timed(given, FILE_LEVEL, figure);
  if (blocks.length === 0) return lackingAll(given, BLOCK_LEVEL);
  if (files.length === 0) return lackingAll(given, FILE_LEVEL);
  const { books, list } = given.words;
  const pairs = blocks.flatMap((block) => files.map((file) => ({ block, file })));
  const lost = pairs.filter(({ block, file }) => !isClearlyLess(block.ms, file.ms));
  const held = verdictOf(pairs.map((pair) => !lost.includes(pair)));
  return {
    verdict: held,
    figures: [
      writtenText(given),
      orderText(given, figure),
      ...(held === 'partly'
        ? [books.notAhead(list(lost.map(({ block, file }) => books.pair(block.name, file.name))))]
        : []),
      ...asideText(given, figure),
      ...missingText(given, BLOCK_LEVEL),
    ],
  };
};

const CONDITIONS = ['cold', 'warm'] as const;

/** Held when it is clearly before each block-level driver, with nothing in memory and once more. Where only in some of these, it says which. */
export const overlayWinsReaders: Judge = (given) => {
  const { words } = given;
  const overlay = 'overlay2';
  const cases = CONDITIONS.flatMap((condition) => {
    const figure = `readers.${condition}.ms` as const;
    const [own] = timed(given, [overlay], figure);
    const rivals = timed(given, BLOCK_LEVEL, figure);
    if (own === undefined || rivals.length === 0) return [];
    return [{ condition, figure, rivals, beaten: rivals.filter(({ ms }) => isClearlyLess(own.ms, ms)) }];
  });
  if (cases.length === 0) {
    const isThere = reportsOf(given.machine, [overlay]).length > 0;
    return isThere ? lackingAll(given, BLOCK_LEVEL) : lacking(given, [overlay]);
  }
  const verdict = verdictOf(
    cases.flatMap(({ rivals, beaten }) => rivals.map((rival) => beaten.includes(rival))),
  );
  const { heldOnly, heldCase, each } = words.books;
  const won = cases.flatMap(({ condition, rivals, beaten }) =>
    beaten.length === 0
      ? []
      : [
          heldCase(
            words.readers[condition],
            beaten.length === rivals.length ? undefined : words.list(beaten.map(({ name }) => name)),
          ),
        ],
  );
  return {
    verdict,
    figures: [
      ...(verdict === 'partly' ? [heldOnly(won.join(words.semicolon))] : []),
      ...cases.map(({ condition, figure }) => each(words.readers[condition], orderText(given, figure))),
      ...missingText(given, BLOCK_LEVEL),
    ],
  };
};

interface Timed {
  readonly name: string;
  readonly ms: number;
}

/** Those among them that did the same work as the others, by the means that the books speak of. */
function timed({ machine, words }: Case, drivers: readonly string[], figure: FigureName): readonly Timed[] {
  return reportsOf(machine, drivers).flatMap((report) => {
    const ms = report.figures[figure];
    if (ms === undefined || isThroughFuse(report) || apartReason(machine, report, figure) !== undefined)
      return [];
    return [{ name: driverName(report, words), ms }];
  });
}

function writtenText({ machine, words }: Case): string {
  const { containers, writtenBlocks, writtenFileBytes } = machine.scale;
  const each = writtenBlocks * BLOCK_BYTES;
  return words.books.written({
    containers,
    each: bytesText(each),
    file: bytesText(writtenFileBytes),
    total: bytesText(containers * each),
  });
}

function orderText({ machine, words }: Case, figure: FigureName): string {
  const entries = rank(machine, figure).order.map(({ report, value }) =>
    words.which.entry(driverName(report, words), msText(value)),
  );
  return words.books.order(words.list(entries));
}

/** What is not held against others, and why. */
function asideText({ machine, words }: Case, figure: FigureName): Verdict['figures'] {
  const fuse = reportsOf(machine, FILE_LEVEL).filter(isThroughFuse);
  return [
    ...rank(machine, figure).apart.map(({ report, value, reason }) =>
      words.books.leftOut(words.which.entry(report.driver, msText(value)), words.apart[reason]),
    ),
    ...fuse.map(({ driver }) => words.books.leftOut(driver, words.books.notKernelAufs)),
  ];
}

/** Of those that the sentence speaks of. */
function missingText({ machine, words }: Case, drivers: readonly string[]): Verdict['figures'] {
  const missing = drivers.filter((driver) => reportsOf(machine, [driver]).length === 0);
  return missing.length === 0 ? [] : [words.books.notMeasured(words.list(missing))];
}
