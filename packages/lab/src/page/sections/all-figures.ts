import { DEPTHS, type DriverReport, type FigureName, type LabMachine, STACKS } from '../../interface.ts';
import { apartReason } from '../apart.ts';
import { driverName, figureText } from '../figures.ts';
import { escapeHtml } from '../format.ts';
import { table } from '../table.ts';
import type { Words } from '../words.ts';

/** Every figure of a machine, folded away. */
export function allFigures(machine: LabMachine, words: Words): string {
  const text = (report: DriverReport, name: FigureName) => {
    const said = figureText(report, name, words);
    return apartReason(machine, report, name) === 'cutOff' ? words.atLeast(said) : said;
  };
  const rows = figureTitles(words)
    .filter(([, , name]) =>
      machine.drivers.some(({ figures, refused }) => name in figures || name in refused),
    )
    .map(([group, title, name]) => [
      { html: `<small>${escapeHtml(group)}</small>${escapeHtml(title)}` },
      ...machine.drivers.map((report) => text(report, name)),
    ]);
  const head = [words.all.figure, ...machine.drivers.map((one) => driverName(one, words))];
  const figures = machine.drivers.length;
  return `<details><summary>${escapeHtml(words.all.heading)}</summary>${table(head, rows, { figures })}</details>`;
}

type Title = readonly [group: string, title: string, name: FigureName];

/** In words: the section that a figure belongs to, and what it is there. */
export function figureTitles(words: Words): readonly Title[] {
  const { copyUp, writers, readers, sharers, start, smallFiles, unpack, rename, all, unit } = words;
  const copies = DEPTHS.flatMap((depth) =>
    (['first', 'second'] as const).flatMap((turn) =>
      (['ms', 'takenBytes', 'writtenBytes'] as const).map(
        (kind): Title => [
          copyUp.heading,
          all.part(all.place(words.depth[depth], words.turn[turn]), unit[kind]),
          `copyUp.${depth}.${turn}.${kind}`,
        ],
      ),
    ),
  );
  return [
    ...copies,
    [writers.heading, unit.ms, 'writers.ms'],
    [writers.heading, unit.takenBytes, 'writers.takenBytes'],
    [readers.heading, all.part(readers.cold, unit.ms), 'readers.cold.ms'],
    [readers.heading, all.part(readers.warm, unit.ms), 'readers.warm.ms'],
    [sharers.heading, sharers.created, 'sharers.created.takenBytes'],
    [sharers.heading, sharers.disk, 'sharers.fresh.takenBytes'],
    [sharers.heading, sharers.memory, 'sharers.memoryBytes'],
    ...STACKS.map((count): Title => [start.heading, start.layers(count), `start.${count}.ms`]),
    [smallFiles.heading, smallFiles.create, 'smallFiles.create.ms'],
    [smallFiles.heading, smallFiles.remove, 'smallFiles.remove.ms'],
    [unpack.heading, all.part(unpack.unpackTime, unit.ms), 'unpack.ms'],
    [unpack.heading, all.part(unpack.unpackTime, unit.takenBytes), 'unpack.takenBytes'],
    [unpack.heading, all.part(unpack.commitTime, unit.ms), 'commit.ms'],
    [rename.heading, unit.ms, 'rename.ms'],
  ];
}
