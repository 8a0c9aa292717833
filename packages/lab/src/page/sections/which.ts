import type { LabMachine } from '../../interface.ts';
import { STACKS } from '../../interface.ts';
import type { ApartReason } from '../apart-reason.ts';
import { timesOf } from '../difference.ts';
import { driverName, formatFigure, imageBytes, lowDepth } from '../figures.ts';
import { bytesText, escapeHtml, factorText } from '../format.ts';
import type { Ranked } from '../ranking.ts';
import { type Cell, table } from '../table.ts';
import { rankWorks, type WorkRanking } from '../which.ts';
import type { Words, WorkSizes } from '../words.ts';
import type { Section } from './section.ts';

/** For each kind of work who is best and who is worst, from the figures alone. */
export const which: Section = {
  name: 'which',
  render(machine, words) {
    const { heading, what, work, best, worst, works } = words.which;
    const sizes = sizesOf(machine, words);
    const rows = rankWorks(machine).map((one) => [
      works[one.work](sizes),
      bestCell(one, words),
      worstCell(one, words),
    ]);
    return {
      heading,
      html: `<p>${escapeHtml(what)}</p>${table([work, best, worst], rows, { stacks: true })}`,
    };
  },
};

function bestCell({ figure, best, apart }: WorkRanking, words: Words): Cell {
  const entry = ({ report, value }: Ranked) =>
    words.which.entry(driverName(report, words), formatFigure(figure, value));
  const reasons = [...new Set(apart.map(({ reason }) => reason))];
  const aside = (reason: ApartReason) => {
    const entries = apart.filter((one) => one.reason === reason);
    const text = ({ report, value }: Ranked) => {
      const said = formatFigure(figure, value);
      return words.which.entry(driverName(report, words), reason === 'cutOff' ? words.atLeast(said) : said);
    };
    return `<small>${escapeHtml(words.which.leftOut(words.list(entries.map(text)), words.apart[reason]))}</small>`;
  };
  const names = best.map((one) => escapeHtml(entry(one))).join('<br>');
  return { html: [names, ...reasons.map(aside)].join('') };
}

function worstCell(ranking: WorkRanking, words: Words): Cell {
  const { figure, order, worst } = ranking;
  const others = cutOffText(ranking, words);
  if (others !== undefined) return others;
  if (worst.length === 0) return order.length < 2 ? words.which.alone : words.which.level;
  const entries = worst.map(({ report, value, times }) =>
    words.which.worstEntry(
      driverName(report, words),
      formatFigure(figure, value),
      times === undefined ? undefined : words.times(factorText(times)),
    ),
  );
  return { html: entries.map(escapeHtml).join('<br>') };
}

/** Where some were cut off, each took more than was seen: no other can be the worst, and which of them is not known. */
function cutOffText({ figure, best, apart }: WorkRanking, words: Words): string | undefined {
  const cut = apart.filter(({ reason }) => reason === 'cutOff');
  const [first] = best;
  if (cut.length === 0 || first === undefined) return undefined;
  const least = Math.min(...cut.map(({ value }) => value));
  const times = timesOf(least, first.value);
  if (times === undefined) return undefined;
  return words.which.others(
    words.list(cut.map(({ report }) => driverName(report, words))),
    formatFigure(figure, least),
    words.times(factorText(times)),
  );
}

function sizesOf(machine: LabMachine, words: Words): WorkSizes {
  const { scale } = machine;
  return {
    largeFile: bytesText(scale.largeFileBytes),
    depth: words.depth[lowDepth(machine)],
    writers: scale.containers,
    writtenFile: bytesText(scale.writtenFileBytes),
    written: bytesText(scale.containers * scale.writtenBlocks * 4096),
    layers: Math.max(...STACKS),
    sharers: scale.sharers,
    smallFiles: scale.smallFiles.toLocaleString('en'),
    openedFiles: scale.openedFiles.toLocaleString('en'),
    image: bytesText(imageBytes(scale)),
  };
}
