import { driverName } from '../figures.ts';
import { renameText } from '../sections/rename.ts';
import { type Judge, lackingAll, OVERLAYS, reportsOf, verdictOf } from './verdict.ts';

export const overlayRename: Judge = (given) => {
  const { machine, words } = given;
  const tried = reportsOf(machine, OVERLAYS).filter(
    ({ figures, refused }) => figures['rename.ms'] !== undefined || refused['rename.ms'] !== undefined,
  );
  if (tried.length === 0) return lackingAll(given, OVERLAYS);
  return {
    verdict: verdictOf(tried.map(({ figures }) => figures['rename.ms'] === undefined)),
    figures: machine.drivers.map((report) =>
      words.books.each(driverName(report, words), renameText(report, words)),
    ),
  };
};
